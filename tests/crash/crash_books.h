// Checks a store and its journal after a run with crashes.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "core/base/uuid.h"
#include "core/engine/compiled_template.h"
#include "core/store/store.h"
#include "tests/crash/work.h"

namespace tasker::crash {

struct ExpectedTask {
  base::Uuid uuid;
  std::shared_ptr<const engine::CompiledTemplate> compiled;
};

struct CrashBooks {
  std::vector<std::string> faults;         ///< empty when the books are right
  std::uint64_t attempts = 0;              ///< all attempts of all steps
  std::uint64_t lost_attempts = 0;         ///< taken over from workers that were gone
  std::set<model::WorkerId> lost_workers;  ///< workers that were gone with claims in their hands
};

/// Every task complete, every step's one result that of its last attempt, attempts without a gap,
/// none run twice, none begun before what it depends on was complete, the store sound.
CrashBooks check_books(store::Reader& store, const std::vector<ExpectedTask>& tasks,
                       const std::vector<JournalLine>& journal);

}  // namespace tasker::crash
