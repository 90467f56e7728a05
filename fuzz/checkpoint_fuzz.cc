// tasker_worker_checkpoint_step_event: any checkpoint. `$0` stands for the step's UUID. A refused
// one leaves the event open; an accepted one ends it, and the step goes on under a new event.
#include "fuzz/rig.h"
#include "fuzz/target.h"

namespace fuzz = tasker::fuzz;

namespace {

/// A step keeps a history of its checkpoints, so it is ended after some.
constexpr int kCheckpointsMax = 16;

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::OpenSteps steps(1);
  static int checkpoints = 0;
  const fuzz::OpenStep step = steps[0];
  const std::string checkpoint = fuzz::fill_in(fuzz::text_of(data, size), {step.step_uuid});
  char new_event_id[37] = {};
  tasker_error* error = nullptr;
  const tasker_status status = fuzz::settle(
      tasker_worker_checkpoint_step_event(steps.worker(), step.event_id.data(),
                                          step.event_id.size(), checkpoint.data(),
                                          checkpoint.size(), new_event_id, &error),
      error, {TASKER_ERR_INVALID_JSON, TASKER_ERR_INVALID_ARGUMENT, TASKER_ERR_TOO_LARGE});
  if (status != TASKER_OK) {
    fuzz::require(steps.count_open() == 1, "a refused checkpoint has closed its event");
    return 0;
  }
  fuzz::require_json(checkpoint, "a checkpoint that was taken");
  steps.require_gone(0);
  steps.follow(0, new_event_id);
  if (++checkpoints % kCheckpointsMax == 0) steps.renew();
  return 0;
}
