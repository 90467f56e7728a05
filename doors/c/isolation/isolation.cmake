# The two shared libraries. contract/abi/symbols.txt is the one list of what they export: from it come the version script,
# the table of library.cc and the trampolines.
set(symbols_file ${CMAKE_SOURCE_DIR}/contract/abi/symbols.txt)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${symbols_file})
file(STRINGS ${symbols_file} symbols REGEX "^[a-z_]+$")

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  set(trampoline "  _CET_ENDBR\n  jmp *tasker_targets+@offset@(%rip)")
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  string(JOIN "\n" trampoline
         "  hint #34"
         "  adrp x16, tasker_targets+@offset@"
         "  ldr x16, [x16, #:lo12:tasker_targets+@offset@]"
         "  br x16")
else()
  message(FATAL_ERROR "the C ABI has no trampolines for ${CMAKE_SYSTEM_PROCESSOR}: add them here, or set TASKER_BUILD_C_DOOR=OFF")
endif()

set(exports_inc "")
set(version_script "{\n  global:\n")
set(assembly "#ifdef __CET__\n#include <cet.h>\n#else\n#define _CET_ENDBR\n#endif\n  .text\n")
set(offset 0)
foreach(symbol ${symbols})
  string(APPEND exports_inc "TASKER_EXPORT(${symbol})\n")
  string(APPEND version_script "    ${symbol};\n")
  string(REPLACE "@offset@" "${offset}" jump "${trampoline}")
  string(APPEND assembly "\n  .globl ${symbol}\n  .type ${symbol}, %function\n  .p2align 4\n")
  string(APPEND assembly "${symbol}:\n${jump}\n  .size ${symbol}, .-${symbol}\n")
  math(EXPR offset "${offset} + 8")
endforeach()
string(APPEND version_script "  local: *;\n};\n")
string(APPEND assembly "\n  .section .note.GNU-stack,\"\",%progbits\n")

set(generated ${CMAKE_CURRENT_BINARY_DIR}/generated)
file(CONFIGURE OUTPUT ${generated}/exports.inc CONTENT "${exports_inc}" @ONLY)
file(CONFIGURE OUTPUT ${generated}/exports.map CONTENT "${version_script}" @ONLY)
file(CONFIGURE OUTPUT ${generated}/trampolines.S CONTENT "${assembly}" @ONLY)

enable_language(ASM)

# The core behind: never linked by anybody, loaded by the library below.
add_library(tasker_c_core MODULE $<TARGET_OBJECTS:tasker_c_objects>)
set_target_properties(tasker_c_core PROPERTIES OUTPUT_NAME tasker_worker_core LINK_DEPENDS ${generated}/exports.map)
target_link_libraries(tasker_c_core PRIVATE tasker_worker fmt::fmt PkgConfig::SIMDJSON)
target_link_options(tasker_c_core PRIVATE -Wl,--version-script=${generated}/exports.map -Wl,-z,nodelete -Wl,-z,defs)

# What a program loads or links. Needs the C library alone, and stays when it is unloaded, since its callers may hold
# pointers into it.
add_library(tasker_c_library SHARED ${CMAKE_CURRENT_SOURCE_DIR}/isolation/library.cc ${generated}/trampolines.S)
set_target_properties(tasker_c_library PROPERTIES OUTPUT_NAME tasker_worker SOVERSION 1 LINKER_LANGUAGE C
                      LINK_DEPENDS ${generated}/exports.map)
set_source_files_properties(${generated}/trampolines.S PROPERTIES COMPILE_OPTIONS "-Wno-pedantic")
target_include_directories(tasker_c_library PRIVATE ${CMAKE_SOURCE_DIR} ${generated})
target_compile_options(tasker_c_library PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions;-fno-rtti>)
target_link_libraries(tasker_c_library PRIVATE ${CMAKE_DL_LIBS})
target_link_options(tasker_c_library PRIVATE -Wl,--version-script=${generated}/exports.map -Wl,-z,nodelete -Wl,-z,defs)
add_dependencies(tasker_c_library tasker_c_core)

if(TASKER_BUILD_TESTS)
  # Knows the library by its path alone; its own symbols are exported, as a runtime's are.
  add_executable(tasker_c_load_test ${CMAKE_CURRENT_SOURCE_DIR}/isolation/load_test.c)
  target_include_directories(tasker_c_load_test PRIVATE ${CMAKE_SOURCE_DIR})
  target_compile_definitions(tasker_c_load_test PRIVATE _GNU_SOURCE)
  target_link_libraries(tasker_c_load_test PRIVATE ${CMAKE_DL_LIBS})
  set_target_properties(tasker_c_load_test PROPERTIES ENABLE_EXPORTS ON)
  add_dependencies(tasker_c_load_test tasker_c_library)
  add_test(NAME tasker_c_load_test COMMAND tasker_c_load_test $<TARGET_FILE:tasker_c_library>)
  set_tests_properties(tasker_c_load_test PROPERTIES LABELS plain TIMEOUT 300
                       ENVIRONMENT TASKER_TEMPLATE_PATH=${CMAKE_CURRENT_SOURCE_DIR}/isolation/load_test_templates)
endif()
