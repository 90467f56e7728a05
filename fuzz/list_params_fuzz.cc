// tasker_worker_list_tasks: any parameters, over a store with some tasks.
#include "fuzz/rig.h"
#include "fuzz/target.h"

namespace fuzz = tasker::fuzz;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint32_t kTasks = 30;
  static fuzz::Rig rig(false);
  static const auto kUuids = rig.create_tasks(kTasks);
  const std::string_view params = fuzz::text_of(data, size);
  tasker_buffer tasks = TASKER_BUFFER_INIT;
  tasker_error* error = nullptr;
  const tasker_status status = fuzz::settle(
      tasker_worker_list_tasks(rig.worker(), params.data(), params.size(), &tasks, &error), error,
      {TASKER_ERR_INVALID_JSON, TASKER_ERR_INVALID_ARGUMENT, TASKER_ERR_TOO_LARGE});
  if (status != TASKER_OK) return 0;
  const std::string page = fuzz::take_json(tasks);
  fuzz::require(fuzz::json_at(page, "/tasks").substr(0, 1) == "[", "a page without its tasks");
  fuzz::require(!fuzz::json_at(page, "/pagination/total_count").empty(), "a page without a total");
  return 0;
}
