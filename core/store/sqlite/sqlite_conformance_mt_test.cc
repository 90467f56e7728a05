// SQLite passes the concurrent part of the suite of all back ends.
#include "core/store/conformance/conformance.h"
#include "core/store/sqlite/sqlite_conformance.h"

namespace tasker::store::conformance {

TASKER_STORE_CONFORMANCE_MT(
    Sqlite, ::testing::Values(sqlite::sqlite_back_end("Normal", sqlite::Durability::kNormal)));

}  // namespace tasker::store::conformance
