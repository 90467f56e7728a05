// bootstrap_worker of the flat names: any configuration, up to its first NUL. What it answers and
// what the other names say of the worker agree.
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

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string config = fuzz::tame_paths(fuzz::text_of(data, size));
  const std::string answer = take(bootstrap_worker(config.c_str()));
  const bool is_up = fuzz::json_at(answer, "/success") == "true";
  fuzz::require(is_worker_running() == (is_up ? 1 : 0), "bootstrap and is_worker_running disagree");
  const std::string status = take(get_worker_status());
  fuzz::require(fuzz::json_at(status, "/running") == (is_up ? "true" : "false"),
                "bootstrap and get_worker_status disagree");
  if (is_up) {
    const std::string again = take(bootstrap_worker(config.c_str()));
    fuzz::require(fuzz::json_at(again, "/status") == "already_running", "a second worker came up");
    char* const event = poll_step_events();
    fuzz::require(event == nullptr, "a step event of an empty store");
  } else {
    fuzz::require(!fuzz::json_at(answer, "/error").empty(), "a refusal without its error");
  }
  const std::string stopped = take(stop_worker());
  fuzz::require(fuzz::json_at(stopped, "/status") == (is_up ? "stopped" : "not_running"),
                "stop_worker says something else");
  fuzz::require(is_worker_running() == 0, "a stopped worker runs");
  fuzz::clear_folder();
  return 0;
}
