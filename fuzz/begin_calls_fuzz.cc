// The calls of the worker that are begun and answered later. The first byte chooses one; `$0`
// stands for the UUID of a step that is open, `$1` for its event. What is begun is answered once.
#include "fuzz/rig.h"
#include "fuzz/target.h"

namespace fuzz = tasker::fuzz;

namespace {

/// The answer to a request: its result, or an empty text when it is an error.
std::string await_reply(tasker_worker* worker, std::uint64_t request) {
  tasker_error* error = nullptr;
  while (true) {
    fuzz::settle(tasker_worker_wait(worker, 20'000, &error), error, {});
    tasker_buffer replies = TASKER_BUFFER_INIT;
    fuzz::settle(tasker_worker_poll_replies(worker, 1, &replies, &error), error, {});
    const std::string list = fuzz::take_json(replies);
    if (list.empty()) continue;
    fuzz::require(fuzz::json_at(list, "/0/request") == std::to_string(request),
                  "a reply that nobody asked for");
    const std::string result = fuzz::json_at(list, "/0/result");
    const std::string code = fuzz::json_at(list, "/0/error/code");
    fuzz::require(result.empty() != code.empty(), "a reply with two outcomes, or none");
    fuzz::require(code != "INTERNAL", "a request has broken an invariant");
    return result;
  }
}

void begin_create(fuzz::OpenSteps& steps, const std::string& requests) {
  std::uint64_t request = 0;
  tasker_error* error = nullptr;
  const tasker_status status = fuzz::settle(
      tasker_worker_create_tasks_begin(steps.worker(), requests.data(), requests.size(), &request,
                                       &error),
      error, {TASKER_ERR_INVALID_JSON, TASKER_ERR_INVALID_ARGUMENT, TASKER_ERR_TOO_LARGE});
  if (status != TASKER_OK) return;
  fuzz::require_json(requests, "requests that were taken");
  const std::string created = await_reply(steps.worker(), request);
  for (std::size_t i = 0; !fuzz::json_at(created, "/" + std::to_string(i)).empty(); ++i)
    if (!fuzz::json_at(created, "/" + std::to_string(i) + "/task_uuid").empty()) steps.expect_one();
}

void begin_checkpoint(fuzz::OpenSteps& steps, const std::string& checkpoint) {
  const fuzz::OpenStep step = steps[0];
  std::uint64_t request = 0;
  tasker_error* error = nullptr;
  const tasker_status status = fuzz::settle(
      tasker_worker_checkpoint_step_event_begin(steps.worker(), step.event_id.data(),
                                                step.event_id.size(), checkpoint.data(),
                                                checkpoint.size(), &request, &error),
      error, {TASKER_ERR_INVALID_JSON, TASKER_ERR_INVALID_ARGUMENT, TASKER_ERR_TOO_LARGE});
  // What is wrong with it may also be told by the reply.
  const std::string event_id =
      status == TASKER_OK ? await_reply(steps.worker(), request) : std::string();
  if (event_id.empty()) {
    fuzz::require(steps.count_open() == 1, "a refused checkpoint has closed its event");
    return;
  }
  fuzz::require_json(checkpoint, "a checkpoint that was taken");
  steps.follow(0, event_id);
  steps.renew();  // a step keeps a history of its checkpoints
}

void begin_wait(const fuzz::OpenSteps& steps, const std::string& task_uuid) {
  std::uint64_t request = 0;
  tasker_error* error = nullptr;
  const tasker_status status =
      fuzz::settle(tasker_worker_wait_task_begin(steps.worker(), task_uuid.data(), task_uuid.size(),
                                                 1, &request, &error),
                   error, {TASKER_ERR_INVALID_ARGUMENT, TASKER_ERR_NOT_FOUND});
  if (status == TASKER_OK) await_reply(steps.worker(), request);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::OpenSteps steps(1);
  if (size == 0) return 0;
  const std::string text =
      fuzz::fill_in(fuzz::text_of(data + 1, size - 1), {steps[0].step_uuid, steps[0].event_id});
  switch (data[0] % 3) {
    case 0:
      begin_create(steps, text);
      break;
    case 1:
      begin_checkpoint(steps, text);
      break;
    default:
      begin_wait(steps, text);
  }
  return 0;
}
