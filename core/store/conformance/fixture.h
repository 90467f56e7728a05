// The ground that every conformance test stands on: an empty store, a clock that the test turns,
// and short words for what the engine and the worker do with a store.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/store/conformance/store_factory.h"
#include "core/store/store.h"

namespace tasker::store::conformance {

/// The value of a result that the test can not go on without; fails the test otherwise.
template <class T>
T must(base::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().to_json());
  return std::move(*result);
}
inline void must(const base::Status& status) {
  if (!status) throw std::runtime_error(status.error().to_json());
}

/// A step of a template under test.
struct StepShape {
  std::string name;
  std::vector<std::string> dependencies = {};
  std::string callable = "run";
};

/// A template in the store, with what the engine derives from it.
struct Workflow {
  StoredTemplate stored;
  std::shared_ptr<const TaskPlan> plan;
  std::vector<std::vector<Dependent>> dependents;  ///< by step

  model::HandlerId handler(std::size_t step) const { return stored.handler_of_step[step]; }
};

/// A template `test/<name>:1.0.0` of these steps.
model::TaskTemplate make_template(std::string name, const std::vector<StepShape>& steps);

/// The plan and the dependents of a stored template.
Workflow derive_workflow(StoredTemplate stored);

/// Value parameter: the back end under test.
class StoreConformance : public ::testing::TestWithParam<BackEnd> {
 protected:
  static constexpr std::uint32_t kPlenty = 1'000'000;

  void SetUp() override;

  Store& store() { return *store_; }
  /// A second handle on the same data, as another process has one.
  std::unique_ptr<Store> open_another() { return must(factory_->open()); }
  /// Closes the handle and opens another one.
  void reopen();

  /// The time of the next write; each call is one millisecond later than the one before.
  std::int64_t tick() { return now_us_ += 1000; }
  std::int64_t now_us() const { return now_us_; }

  Workflow put(const model::TaskTemplate& body) { return put(store(), body); }
  Workflow put(Store& on, const model::TaskTemplate& body);
  /// a → b → c, each with the callable "run".
  Workflow put_chain();
  /// start → {left, right} → end, each with the callable "run".
  Workflow put_diamond();
  /// `count` steps that depend on nothing, each with the callable "run".
  Workflow put_wide(std::uint32_t count);

  base::Uuid new_uuid() { return base::make_uuid_v4(random_); }
  NewTask new_task(const Workflow& workflow);
  /// Creates one task; nobody has room for its steps.
  model::TaskId create(const Workflow& workflow, std::int32_t priority = 0);
  model::TaskId create(NewTask task);

  /// Registers a worker whose lease ends a minute from now.
  model::WorkerId join() { return join(store(), "worker"); }
  model::WorkerId join(Store& on, std::string name);

  /// Room for `room` steps of any handler that the store knows.
  ClaimBudget budget(model::WorkerId worker, std::uint32_t room = kPlenty);
  /// A batch that claims for `worker`, nothing else.
  WriteBatch claim_batch(model::WorkerId worker, std::uint32_t room = kPlenty);
  std::vector<Claim> claim(model::WorkerId worker, std::uint32_t room = kPlenty) {
    return claim(store(), worker, room);
  }
  std::vector<Claim> claim(Store& on, model::WorkerId worker, std::uint32_t room = kPlenty);
  /// Claims all that is claimable and returns the claim of one step; hands the rest back.
  Claim claim_step(model::WorkerId worker, model::StepKey step);

  /// The completion of a claim in state complete.
  Completion success(const Workflow& workflow, const Claim& claim, model::WorkerId worker,
                     std::string result_json = R"({"ok":true})") const;
  /// The completion of a claim in another state.
  Completion failure(const Claim& claim, model::WorkerId worker, model::StepState next,
                     std::int64_t retry_at_us = 0) const;
  static Release release_of(const Claim& claim, model::WorkerId worker);

  /// Writes one completion; nobody has room for what it makes ready.
  WriteOutcome complete(Completion completion) { return complete(store(), std::move(completion)); }
  WriteOutcome complete(Store& on, Completion completion);
  WriteOutcome release(Release release);
  WriteOutcome write(WriteBatch& batch) { return must(store().write(batch)); }

  /// Runs the task to its end: claims and completes until nothing is claimable.
  void run_dry(const Workflow& workflow, model::WorkerId worker);
  /// Claims the step and fails it for good, so that its task is blocked.
  void fail_step(model::WorkerId worker, model::StepKey step);

  StepRecord step(model::TaskId task, std::uint32_t index) {
    return must(store().load_step({task, index}));
  }
  model::StepState step_state(model::TaskId task, std::uint32_t index) {
    return step(task, index).state;
  }
  TaskRecord task(model::TaskId id);
  model::TaskState task_state(model::TaskId id) { return task(id).state; }

  base::Random random_{20'240'229};

 private:
  std::unique_ptr<StoreFactory> factory_;
  std::unique_ptr<Store> store_;
  std::int64_t now_us_ = 1'700'000'000'000'000;
};

/// For the names of failed tests.
inline void PrintTo(const BackEnd& back_end, std::ostream* out) { *out << back_end.name; }

/// The code of a failed result; fails the test when it succeeded.
template <class T>
base::ErrorCode code_of(const base::Result<T>& result) {
  if (result) throw std::runtime_error("the call succeeded, an error was expected");
  return result.error().code;
}

/// The keys of claims, in their order.
std::vector<model::StepKey> steps_of(const std::vector<Claim>& claims);

}  // namespace tasker::store::conformance

namespace tasker::model {
/// For the messages of failed expectations.
inline void PrintTo(StepState state, std::ostream* out) { *out << state_name(state); }
inline void PrintTo(TaskState state, std::ostream* out) { *out << state_name(state); }
inline void PrintTo(StepKey key, std::ostream* out) {
  *out << "step " << key.index << " of task " << static_cast<std::int64_t>(key.task);
}
}  // namespace tasker::model
