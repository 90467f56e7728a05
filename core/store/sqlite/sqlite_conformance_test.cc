// SQLite passes the suite of all back ends.
#include "core/store/sqlite/sqlite_conformance.h"

#include "core/store/conformance/conformance.h"

namespace tasker::store::conformance {

TASKER_STORE_CONFORMANCE(
    Sqlite, ::testing::Values(sqlite::sqlite_back_end("Full", sqlite::Durability::kFull),
                              sqlite::sqlite_back_end("Normal", sqlite::Durability::kNormal)));

}  // namespace tasker::store::conformance
