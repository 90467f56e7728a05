// tasker_worker_create_tasks: any list of task requests. Each has its own outcome.
#include "fuzz/rig.h"
#include "fuzz/target.h"

namespace fuzz = tasker::fuzz;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Rig& rig = fuzz::idle_rig();
  const std::string_view requests = fuzz::text_of(data, size);
  tasker_buffer created = TASKER_BUFFER_INIT;
  tasker_error* error = nullptr;
  const tasker_status status = fuzz::settle(
      tasker_worker_create_tasks(rig.worker(), requests.data(), requests.size(), &created, &error),
      error, {TASKER_ERR_INVALID_JSON, TASKER_ERR_INVALID_ARGUMENT, TASKER_ERR_TOO_LARGE});
  rig.count_use();
  if (status != TASKER_OK) return 0;
  const std::string list = fuzz::take_json(created);
  for (std::size_t i = 0;; ++i) {
    const std::string outcome = fuzz::json_at(list, "/" + std::to_string(i));
    if (outcome.empty()) break;
    rig.count_use();
    const bool is_created = !fuzz::json_at(outcome, "/task_uuid").empty();
    const std::string code = fuzz::json_at(outcome, "/error/code");
    fuzz::require(is_created == code.empty(), "a request with two outcomes, or none");
    fuzz::require(code != "INTERNAL", "a request has broken an invariant");
  }
  return 0;
}
