# What `cmake --install` puts where. Components: runtime (the library and the program), development (headers, CMake
# package, pkg-config file), contract (the schemas and the error list). No file of them names the prefix, so that the
# tree can be moved.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(TASKER_INSTALL_CMAKEDIR ${CMAKE_INSTALL_LIBDIR}/cmake/tasker)
set(TASKER_INSTALL_DATADIR ${CMAKE_INSTALL_DATADIR}/tasker)

install(TARGETS tasker tasker_launcher RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime)

# libtasker_worker.so finds libtasker_worker_core.so in its own folder. In the build, tasker_worker is the core's module.
set_target_properties(tasker_c_library PROPERTIES EXPORT_NAME tasker_worker)
target_include_directories(tasker_c_library INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(TARGETS tasker_c_library EXPORT tasker-targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development)
install(TARGETS tasker_c_core LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime)

install(DIRECTORY ${CMAKE_SOURCE_DIR}/include/tasker DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
        FILES_MATCHING PATTERN "*.h" PATTERN "*.hpp")

# Until 1.0 a minor version may change what it likes.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/tasker-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/tasker-config.cmake.in
                              ${CMAKE_CURRENT_BINARY_DIR}/tasker-config.cmake
                              INSTALL_DESTINATION ${TASKER_INSTALL_CMAKEDIR}
                              PATH_VARS TASKER_INSTALL_DATADIR)
install(EXPORT tasker-targets NAMESPACE tasker:: DESTINATION ${TASKER_INSTALL_CMAKEDIR} COMPONENT development)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/tasker-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/tasker-config-version.cmake
        DESTINATION ${TASKER_INSTALL_CMAKEDIR} COMPONENT development)

# pkg-config says where its file lies, and the prefix follows from that.
file(RELATIVE_PATH TASKER_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" TASKER_PC_PREFIX "${TASKER_PC_PREFIX}")
configure_file(${CMAKE_SOURCE_DIR}/cmake/tasker.pc.in ${CMAKE_CURRENT_BINARY_DIR}/tasker.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/tasker.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)

install(DIRECTORY ${CMAKE_SOURCE_DIR}/contract/schema DESTINATION ${TASKER_INSTALL_DATADIR}
        COMPONENT contract FILES_MATCHING PATTERN "*.json")
install(FILES ${CMAKE_SOURCE_DIR}/contract/errors.def ${CMAKE_SOURCE_DIR}/contract/crash_types.def
        DESTINATION ${TASKER_INSTALL_DATADIR} COMPONENT contract)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)
