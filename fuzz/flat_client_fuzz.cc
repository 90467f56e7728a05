// The flat names that take text, on a worker that runs. The first byte chooses one; the texts end
// at a NUL, two of them are separated by a line end; `$0` stands for the event of a step that is
// open,
// `$1` for the step's UUID, `$2` for its task's.
#include <deque>

#include "fuzz/rig.h"
#include "fuzz/target.h"
#include "include/tasker/tasker_flat.h"

namespace fuzz = tasker::fuzz;

namespace {

std::string take(char* text) {
  fuzz::require(text != nullptr, "no answer");
  std::string answer = text;
  free_rust_string(text);
  fuzz::require_json(answer, "an answer");
  return answer;
}

void check_envelope(char* text) {
  const std::string envelope = take(text);
  const std::string success = fuzz::json_at(envelope, "/success");
  if (success == "true") {
    fuzz::require(!fuzz::json_at(envelope, "/data").empty(), "a success without data");
  } else {
    fuzz::require(success == "false", "an envelope without `success`");
    fuzz::require(!fuzz::json_at(envelope, "/error").empty(), "a refusal without its error");
    fuzz::require(fuzz::json_at(envelope, "/code") != "INTERNAL", "a broken invariant");
  }
}

struct OpenStep {
  std::string event_id;
  std::string step_uuid;
  std::string task_uuid;
};

/// A worker over the flat names with at least one step event that is open.
class FlatWorker {
 public:
  static constexpr std::uint32_t kUsesMax = 20'000;
  static constexpr std::size_t kOpenMax = 4;

  FlatWorker() {
    {
      // The flat names can not store a template.
      fuzz::Rig rig(false);
    }
    const std::string config = R"({"store_path":")" + (fuzz::folder() / "store.db").string() +
                               R"(","durability":"normal","log_level":"error",)"
                               R"("handler_timeout_ms":86400000,"lease_ttl_ms":3600000})";
    fuzz::require(fuzz::json_at(take(bootstrap_worker(config.c_str())), "/success") == "true",
                  "the worker does not come up");
    take_step();
  }
  ~FlatWorker() { take(stop_worker()); }
  FlatWorker(const FlatWorker&) = delete;
  FlatWorker& operator=(const FlatWorker&) = delete;

  /// Counts one more use.
  bool is_worn() { return ++uses_ > kUsesMax; }
  std::vector<std::string> values() const {
    const OpenStep& last = open_.back();
    return {last.event_id, last.step_uuid, last.task_uuid};
  }

  void complete(const char* event_id, const char* result) {
    if (is_taken(complete_step_event(event_id, result))) take_step();
  }
  void checkpoint(const char* event_id, const char* checkpoint) {
    if (is_taken(checkpoint_yield_step_event(event_id, checkpoint))) poll();
  }

 private:
  static bool is_taken(std::int32_t flag) {
    fuzz::require(flag == 0 || flag == 1, "a flag that is neither 0 nor 1");
    return flag == 1;
  }

  void take_step() {
    take(client_create_task(
        R"({"name":"one_step","namespace":"fuzz","version":"1.0.0","context":{},)"
        R"("initiator":"fuzz","source_system":"fuzz","reason":"fuzz"})"));
    poll();
  }

  /// Takes the next event; the flat names have no other way than to ask again. An input may have
  /// made tasks of its own, so the oldest steps are ended to make room.
  void poll() {
    char* event = nullptr;
    while (event == nullptr) event = poll_step_events();
    const std::string text = take(event);
    open_.push_back({fuzz::json_at(text, "/event_id"), fuzz::json_at(text, "/step_uuid"),
                     fuzz::json_at(text, "/task_uuid")});
    if (open_.size() <= kOpenMax) return;
    is_taken(complete_step_event(open_.front().event_id.c_str(), R"({"success":true})"));
    open_.pop_front();
  }

  std::deque<OpenStep> open_;
  std::uint32_t uses_ = 0;
};

void call(FlatWorker& worker, std::uint8_t choice, const char* first, const char* second) {
  switch (choice % 12) {
    case 0:
      return check_envelope(client_create_task(first));
    case 1:
      return check_envelope(client_get_task(first));
    case 2:
      return check_envelope(client_list_tasks(first));
    case 3:
      return check_envelope(client_list_task_steps(first));
    case 4:
      return check_envelope(client_get_step(first, second));
    case 5:
      return check_envelope(client_get_step_audit_history(first, second));
    case 6:
      return worker.complete(first, second);
    case 7:
      return worker.checkpoint(first, second);
    case 8:
      return log_debug(first, second);
    case 9:
      return log_trace(first, nullptr);
    case 10:
      free_rust_string(poll_in_process_events());
      return;
    default:
      cleanup_timeouts();
      check_starvation_warnings();
      take(get_ffi_dispatch_metrics());
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::unique_ptr<FlatWorker> kept;
  FlatWorker& worker = fuzz::unworn(kept);
  if (size == 0) return 0;
  const auto texts =
      fuzz::lines_of(fuzz::fill_in(fuzz::text_of(data + 1, size - 1), worker.values()), 2);
  call(worker, data[0], texts[0].c_str(), texts[1].c_str());
  return 0;
}
