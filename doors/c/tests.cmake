# The tests of the C ABI. Those in C++ go by kind, as in cmake/modules.cmake: what replaces the allocator and what forks have
# programs of their own.
set(concurrent_tests_of_door ${tests})
list(FILTER concurrent_tests_of_door INCLUDE REGEX "_mt_test\\.cc$")
list(FILTER tests EXCLUDE REGEX "(_mt|fork|out_of_memory)_test\\.cc$")

# tasker_door_test(target label source...)
function(tasker_door_test target label)
  add_executable(${target} ${ARGN})
  target_link_libraries(${target} PRIVATE tasker_c tasker_sqlite GTest::gtest GTest::gmock GTest::gtest_main)
  tasker_test_code(${target})
  add_test(NAME ${target} COMMAND ${target})
  set_tests_properties(${target} PROPERTIES LABELS ${label} TIMEOUT 600)
endfunction()

if(tests)
  tasker_door_test(tasker_c_test plain ${tests})
endif()
tasker_door_test(tasker_c_out_of_memory_test plain ${CMAKE_CURRENT_SOURCE_DIR}/out_of_memory_test.cc)
