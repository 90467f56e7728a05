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
tasker_door_test(tasker_c_mt_test concurrent ${concurrent_tests_of_door})
add_dependencies(concurrent_tests tasker_c_mt_test)
if(NOT TASKER_SANITIZE)  # a sanitizer's own threads and memory do not outlive a fork of a busy program
  tasker_door_test(tasker_c_fork_test plain ${CMAKE_CURRENT_SOURCE_DIR}/fork_test.cc)
endif()
tasker_door_test(tasker_c_out_of_memory_test plain ${CMAKE_CURRENT_SOURCE_DIR}/out_of_memory_test.cc)

# The suites in C: misuse of each kind of handle, by programs that see the headers alone.
foreach(suite handles attachments)
  add_executable(tasker_c_${suite}_test ${CMAKE_CURRENT_SOURCE_DIR}/${suite}_test.c ${CMAKE_CURRENT_SOURCE_DIR}/second_unit_test.c)
  target_include_directories(tasker_c_${suite}_test PRIVATE ${CMAKE_SOURCE_DIR})
  target_compile_definitions(tasker_c_${suite}_test PRIVATE _GNU_SOURCE)
  target_link_libraries(tasker_c_${suite}_test PRIVATE tasker_c)
  set_target_properties(tasker_c_${suite}_test PROPERTIES LINKER_LANGUAGE CXX C_EXTENSIONS OFF)
  add_test(NAME tasker_c_${suite}_test COMMAND tasker_c_${suite}_test)
  set_tests_properties(tasker_c_${suite}_test PROPERTIES LABELS plain TIMEOUT 300)
endforeach()

# Each public header alone, as C11 and as C++20.
foreach(header attachment common events tasker tasker_flat tasks worker)
  foreach(language c cc)
    file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/generated/${header}_alone.${language}
         CONTENT "#include \"include/tasker/${header}.h\"\nextern int ${header}_alone_${language};\nint ${header}_alone_${language};\n")
    list(APPEND alone ${CMAKE_CURRENT_BINARY_DIR}/generated/${header}_alone.${language})
  endforeach()
endforeach()
add_library(tasker_c_headers_alone OBJECT ${alone})
target_include_directories(tasker_c_headers_alone PRIVATE ${CMAKE_SOURCE_DIR})
set_target_properties(tasker_c_headers_alone PROPERTIES C_EXTENSIONS OFF)
