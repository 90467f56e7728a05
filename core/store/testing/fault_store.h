// A store that fails, is slow, or is cut off at points that a seed decides; for tests of what
// stands above a store.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/random.h"
#include "core/store/store.h"

namespace tasker::store::testing {

/// Which calls meet a fault. Calls are counted from 1 over a store and all the readers opened from
/// it. A failed call has no effect; a cut is the end of the process that made the call.
struct FaultPlan {
  std::uint64_t seed = 0;
  double fail_share = 0.0;  ///< share of calls that return one of `errors` and have no effect
  std::vector<base::ErrorCode> errors = {base::ErrorCode::kSTORE_UNAVAILABLE,
                                         base::ErrorCode::kSTORE_FULL};
  double delay_share = 0.0;             ///< share of calls before which on_delay is called
  std::function<void()> on_delay = {};  ///< lets time pass, by a manual clock say; may be empty
  /// From this call on every call fails with STORE_UNAVAILABLE, as if the process had been killed.
  std::optional<std::uint64_t> cut_at_call = {};
  /// Whether the call at which the cut falls still has its effect, its answer being lost.
  bool cut_call_has_effect = false;
};

/// The points at which faults fall, shared by a store and its readers.
/// Threads: any.
class FaultSchedule {
 public:
  explicit FaultSchedule(FaultPlan plan);

  struct Verdict {
    std::optional<base::Error> error;  ///< the call returns this
    bool has_effect = true;            ///< the call is made all the same
  };
  /// Decides about the next call; calls on_delay.
  Verdict next_call();

  /// From now on every call fails.
  void cut();
  bool is_cut() const;
  std::uint64_t calls() const;
  std::uint64_t failures() const;  ///< calls failed so far, those after a cut not counted

 private:
  const FaultPlan plan_;
  mutable base::Mutex mutex_;
  base::Random random_ TASKER_GUARDED_BY(mutex_);
  std::uint64_t calls_ TASKER_GUARDED_BY(mutex_) = 0;
  std::uint64_t failures_ TASKER_GUARDED_BY(mutex_) = 0;
  bool cut_ TASKER_GUARDED_BY(mutex_) = false;
};

/// A store like `inner` that meets the faults of `schedule`. Readers opened from it do as well;
/// change watches do not.
std::unique_ptr<Store> make_fault_store(std::unique_ptr<Store> inner,
                                        std::shared_ptr<FaultSchedule> schedule);

}  // namespace tasker::store::testing
