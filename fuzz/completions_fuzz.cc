// tasker_worker_complete_step_events_json: any batch. `$0` to `$3` stand for events that are open.
// A batch that can not be read takes none of them.
#include "fuzz/rig.h"
#include "fuzz/target.h"

namespace fuzz = tasker::fuzz;

namespace {

void check_refusals(const std::string& refusals) {
  if (refusals.empty()) return;
  const std::string first = fuzz::json_at(refusals, "/0/error");
  fuzz::require(!fuzz::json_at(first, "/code").empty(), "a refusal without its code");
  fuzz::require(!fuzz::json_at(refusals, "/0/index").empty(), "a refusal without its index");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::OpenSteps steps(4);
  const std::string batch =
      fuzz::fill_in(fuzz::text_of(data, size),
                    {steps[0].event_id, steps[1].event_id, steps[2].event_id, steps[3].event_id});
  tasker_buffer refusals = TASKER_BUFFER_INIT;
  tasker_error* error = nullptr;
  const tasker_status status = fuzz::settle(
      tasker_worker_complete_step_events_json(steps.worker(), batch.data(), batch.size(), &refusals,
                                              &error),
      error, {TASKER_ERR_INVALID_JSON, TASKER_ERR_INVALID_ARGUMENT, TASKER_ERR_TOO_LARGE});
  if (status == TASKER_OK) check_refusals(fuzz::take_json(refusals));
  const std::size_t open = steps.count_open();
  fuzz::require(status == TASKER_OK || open == steps.size(),
                "a refused batch has completed an event");
  if (open < steps.size()) steps.renew();
  return 0;
}
