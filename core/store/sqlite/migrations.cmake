# Embeds migrations/*.sql, in order, as sqlite/migrations.h of the build tree.
file(GLOB migrations CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/migrations/*.sql)
list(SORT migrations)
list(LENGTH migrations TASKER_MIGRATION_COUNT)
set(TASKER_MIGRATIONS "")
foreach(migration ${migrations})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${migration})
  file(READ ${migration} sql)
  string(APPEND TASKER_MIGRATIONS "R\"sql(${sql})sql\",\n")
endforeach()
configure_file(${CMAKE_CURRENT_LIST_DIR}/migrations.h.in
               ${CMAKE_CURRENT_BINARY_DIR}/generated/core/store/sqlite/migrations.h @ONLY)
target_include_directories(tasker_sqlite PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/generated)
