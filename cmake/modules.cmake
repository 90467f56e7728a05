# One static library for each folder of core/, its tests beside its sources.
#
#   tasker_module(base DEPENDS fmt::fmt)            library tasker_base from base/*.cc, tests from base/*_test.cc
#   tasker_module(worker DEPENDS tasker_engine TEST_DEPENDS tasker_sqlite)
#
# A suite whose file ends in _mt_test.cc is concurrent: it carries the ctest label `concurrent` and also runs under TSan.
# The target concurrent_tests builds those suites alone.
add_custom_target(concurrent_tests)

# Code of tests runs once and is mostly macros: optimising it costs more time than it saves.
function(tasker_test_code)
  foreach(target ${ARGN})
    target_compile_options(${target} PRIVATE -O0)
  endforeach()
endfunction()

function(tasker_module name)
  cmake_parse_arguments(ARG "" "DIRECTORY" "DEPENDS;PRIVATE_DEPENDS;TEST_DEPENDS" ${ARGN})
  if(NOT ARG_DIRECTORY)
    set(ARG_DIRECTORY ${name})
  endif()
  set(directory ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_DIRECTORY})
  file(GLOB sources CONFIGURE_DEPENDS ${directory}/*.cc)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "(_test|_bench)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")

  add_library(tasker_${name} STATIC ${sources})
  target_include_directories(tasker_${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(tasker_${name} PUBLIC ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE_DEPENDS})
  target_compile_options(tasker_${name}
                         PRIVATE $<$<CXX_COMPILER_ID:Clang>:-Wglobal-constructors>)

  if(TASKER_BUILD_TESTS)
    foreach(kind plain concurrent)
      set(kind_tests ${tests})
      if(kind STREQUAL "concurrent")
        list(FILTER kind_tests INCLUDE REGEX "_mt_test\\.cc$")
        set(target tasker_${name}_mt_test)
      else()
        list(FILTER kind_tests EXCLUDE REGEX "_mt_test\\.cc$")
        set(target tasker_${name}_test)
      endif()
      if(kind_tests)
        add_executable(${target} ${kind_tests})
        # With the module's own libraries, since some of their headers change with their flags (simdjson).
        target_link_libraries(${target} PRIVATE tasker_${name} ${ARG_PRIVATE_DEPENDS} ${ARG_TEST_DEPENDS} GTest::gtest
                                                GTest::gmock GTest::gtest_main)
        tasker_test_code(${target})
        add_test(NAME ${target} COMMAND ${target})
        set_tests_properties(${target} PROPERTIES LABELS ${kind} TIMEOUT 600)
        if(kind STREQUAL "concurrent")
          add_dependencies(concurrent_tests ${target})
        endif()
      endif()
    endforeach()
  endif()
endfunction()
