// tasker_worker_complete_step_event: any result document. `$0` stands for the step's UUID. A
// refused one leaves the event open, an accepted one ends it.
#include "fuzz/rig.h"
#include "fuzz/target.h"

namespace fuzz = tasker::fuzz;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::OpenSteps steps(1);
  const fuzz::OpenStep& step = steps[0];
  const std::string result = fuzz::fill_in(fuzz::text_of(data, size), {step.step_uuid});
  tasker_error* error = nullptr;
  const tasker_status status = fuzz::settle(
      tasker_worker_complete_step_event(steps.worker(), step.event_id.data(), step.event_id.size(),
                                        result.data(), result.size(), &error),
      error, {TASKER_ERR_INVALID_JSON, TASKER_ERR_INVALID_ARGUMENT, TASKER_ERR_TOO_LARGE});
  if (status == TASKER_OK) {
    fuzz::require_json(result, "a result that was taken");
    fuzz::require(steps.count_open() == 0, "a completed event is still open");
    steps.require_gone(0);
    steps.renew();
  } else {
    fuzz::require(steps.count_open() == 1, "a refused completion has closed its event");
  }
  return 0;
}
