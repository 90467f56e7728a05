// The functions that take UUID texts. The first byte chooses one; the texts are separated by a line
// end; `$0` stands for a task's UUID, `$1` for that of its step.
#include "fuzz/rig.h"
#include "fuzz/target.h"

namespace fuzz = tasker::fuzz;

namespace {

struct Call {
  tasker_worker* worker;
  std::string_view first;
  std::string_view second;
  tasker_error* error = nullptr;

  template <class Function, class... More>
  void read(Function function, More... more) {
    tasker_buffer out = TASKER_BUFFER_INIT;
    const tasker_status status =
        fuzz::settle(function(worker, first.data(), first.size(), more..., &out, &error), error,
                     {TASKER_ERR_INVALID_ARGUMENT, TASKER_ERR_NOT_FOUND, TASKER_ERR_TIMED_OUT});
    if (status == TASKER_OK) fuzz::require(!fuzz::take_json(out).empty(), "an empty answer");
  }

  void settle(tasker_status status) {
    fuzz::settle(status, error,
                 {TASKER_ERR_INVALID_ARGUMENT, TASKER_ERR_NOT_FOUND, TASKER_ERR_INVALID_STATE,
                  TASKER_ERR_UNKNOWN_EVENT});
  }

  void make(std::uint8_t choice) {
    constexpr std::string_view kResult = R"({"success":true,"result":{}})";
    constexpr std::string_view kCheckpoint = R"({"cursor":1,"items_processed":1})";
    switch (choice % 9) {
      case 0:
        return read(tasker_worker_get_task);
      case 1:
        return read(tasker_worker_list_task_steps);
      case 2:
        return read(tasker_worker_get_step, second.data(), second.size());
      case 3:
        return read(tasker_worker_get_step_audit_history, second.data(), second.size());
      case 4:
        return read(tasker_worker_wait_task, 1U);
      case 5:
        return settle(tasker_worker_cancel_task(worker, first.data(), first.size(), &error));
      case 6: {
        std::uint32_t steps = 0;
        return settle(tasker_worker_retry_task(worker, first.data(), first.size(), &steps, &error));
      }
      case 7:
        return settle(tasker_worker_complete_step_event(worker, first.data(), first.size(),
                                                        kResult.data(), kResult.size(), &error));
      default:
        return settle(tasker_worker_checkpoint_step_event(worker, first.data(), first.size(),
                                                          kCheckpoint.data(), kCheckpoint.size(),
                                                          nullptr, &error));
    }
  }
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::OpenSteps steps(1);
  static const std::string kTask = [] {
    tasker_buffer tasks = TASKER_BUFFER_INIT;
    tasker_error* error = nullptr;
    fuzz::settle(tasker_worker_list_tasks(steps.worker(), nullptr, 0, &tasks, &error), error, {});
    return fuzz::json_at(fuzz::take_json(tasks), "/tasks/0/task_uuid");
  }();
  if (size == 0) return 0;
  const std::string texts =
      fuzz::fill_in(fuzz::text_of(data + 1, size - 1), {kTask, steps[0].step_uuid});
  const std::string_view first = std::string_view(texts).substr(0, texts.find('\n'));
  const std::string_view second =
      first.size() < texts.size() ? std::string_view(texts).substr(first.size() + 1) : "";
  Call{steps.worker(), first, second}.make(data[0]);
  return 0;
}
