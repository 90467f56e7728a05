// The handle names of tasker.h as a door.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "tests/contract/handle_worker.h"

namespace tasker::contract {

using base::fail;
using base::Result;

namespace {

/// The arguments of one call, each as what its parameter takes.
struct Arguments {
  const std::vector<JsonValue>& values;
  const Captures& captures;

  const JsonValue& at(std::size_t index) const {
    static const JsonValue missing;
    return index < values.size() ? values[index] : missing;
  }
  std::string text(std::size_t index) const { return resolved(at(index), captures).text; }
  TextArgument json(std::size_t index) const { return json_argument(at(index), captures); }
  std::string yaml(std::size_t index) const { return yaml_argument(at(index), captures); }
};

struct Call {
  std::string_view name;
  Answer (*run)(HandleWorker& worker, const Arguments& arguments);
};

constexpr Call kCalls[] = {
    {"get_worker_status", [](HandleWorker& w, const Arguments&) { return w.status(); }},
    {"get_ffi_dispatch_metrics",
     [](HandleWorker& w, const Arguments&) { return w.dispatch_metrics(); }},
    {"poll_step_events", [](HandleWorker& w, const Arguments&) { return w.poll_step_event(); }},
    {"poll_in_process_events",
     [](HandleWorker& w, const Arguments&) { return w.poll_domain_event(); }},
    {"poll_notices", [](HandleWorker& w, const Arguments&) { return w.poll_notice(); }},
    {"subscribe_domain_events",
     [](HandleWorker& w, const Arguments& a) { return w.subscribe_domain_events(a.json(0)); }},
    {"unsubscribe_domain_events",
     [](HandleWorker& w, const Arguments& a) { return w.unsubscribe_domain_events(a.text(0)); }},
    {"remove_subscriber",
     [](HandleWorker& w, const Arguments& a) { return w.remove_subscriber(a.text(0)); }},
    {"poll_deliveries", [](HandleWorker& w, const Arguments&) { return w.poll_delivery(); }},
    {"acknowledge_delivery",
     [](HandleWorker& w, const Arguments& a) { return w.acknowledge_delivery(a.text(0)); }},
    {"fail_delivery",
     [](HandleWorker& w, const Arguments& a) { return w.fail_delivery(a.text(0), a.json(1)); }},
    {"complete_step_event",
     [](HandleWorker& w, const Arguments& a) { return w.complete(a.text(0), a.json(1)); }},
    {"checkpoint_yield_step_event",
     [](HandleWorker& w, const Arguments& a) { return w.checkpoint(a.text(0), a.json(1)); }},
    {"check_starvation_warnings",
     [](HandleWorker& w, const Arguments&) { return w.check_starvation_warnings(); }},
    // No such handle name: a worker ends overdue steps by itself.
    {"cleanup_timeouts", [](HandleWorker&, const Arguments&) { return Answer(); }},
    {"client_create_task",
     [](HandleWorker& w, const Arguments& a) { return w.create_task(a.json(0).text); }},
    {"client_get_task", [](HandleWorker& w, const Arguments& a) { return w.get_task(a.text(0)); }},
    {"client_list_tasks",
     [](HandleWorker& w, const Arguments& a) { return w.list_tasks(a.json(0)); }},
    {"client_cancel_task",
     [](HandleWorker& w, const Arguments& a) { return w.cancel_task(a.text(0)); }},
    {"client_list_task_steps",
     [](HandleWorker& w, const Arguments& a) { return w.list_task_steps(a.text(0)); }},
    {"client_get_step",
     [](HandleWorker& w, const Arguments& a) { return w.get_step(a.text(0), a.text(1)); }},
    {"client_get_step_audit_history",
     [](HandleWorker& w, const Arguments& a) {
       return w.get_step_audit_history(a.text(0), a.text(1));
     }},
    {"put_template", [](HandleWorker& w, const Arguments& a) { return w.put_template(a.yaml(0)); }},
    {"list_templates", [](HandleWorker& w, const Arguments&) { return w.list_templates(); }},
    {"retry_task", [](HandleWorker& w, const Arguments& a) { return w.retry_task(a.text(0)); }},
    {"check_template",
     [](HandleWorker&, const Arguments& a) { return HandleWorker::check_template(a.yaml(0)); }},
    {"drain",
     [](HandleWorker& w, const Arguments& a) {
       return w.drain(static_cast<std::uint32_t>(a.at(0).as_double()));
     }},
    {"wait_task",
     [](HandleWorker& w, const Arguments& a) {
       return w.wait_task(a.text(0), static_cast<std::uint32_t>(a.at(1).as_double()));
     }},
    {"stop_worker", [](HandleWorker& w, const Arguments&) { return w.close(); }},
    {"log_error",
     [](HandleWorker&, const Arguments& a) {
       return log_answer(TASKER_LOG_ERROR, a.text(0), a.json(1));
     }},
    {"log_warn",
     [](HandleWorker&, const Arguments& a) {
       return log_answer(TASKER_LOG_WARN, a.text(0), a.json(1));
     }},
    {"log_info",
     [](HandleWorker&, const Arguments& a) {
       return log_answer(TASKER_LOG_INFO, a.text(0), a.json(1));
     }},
    {"log_debug",
     [](HandleWorker&, const Arguments& a) {
       return log_answer(TASKER_LOG_DEBUG, a.text(0), a.json(1));
     }},
    {"log_trace",
     [](HandleWorker&, const Arguments& a) {
       return log_answer(TASKER_LOG_TRACE, a.text(0), a.json(1));
     }},
};

class HandleDoor : public Door {
 public:
  Result<std::vector<std::string>> begin(const Given& given) override {
    given_ = given;
    HandleWorker other;
    HandleWorker& worker = given.running ? worker_ : other;
    const TextArgument config{.text = to_json(given.config)};
    return worker.prepare(config, given.templates, given.tasks, given.running);
  }

  Result<Answer> call(std::string_view name, const std::vector<JsonValue>& values,
                      const Captures& captures) override {
    const Arguments arguments{values, captures};
    if (name == "bootstrap_worker") {
      Answer answer = worker_.open(config_argument(arguments.at(0), given_.config, captures));
      return answer.refusal ? answer : worker_.take_all_and_start();
    }
    const auto* const known = std::find_if(std::begin(kCalls), std::end(kCalls),
                                           [&](const Call& call) { return call.name == name; });
    if (known == std::end(kCalls))
      return fail(base::ErrorCode::kUNSUPPORTED,
                  fmt::format("no handle name answers like {}", name));
    return known->run(worker_, arguments);
  }

 private:
  Given given_;
  HandleWorker worker_;
};

}  // namespace

std::unique_ptr<Door> make_handle_door() { return std::make_unique<HandleDoor>(); }

}  // namespace tasker::contract
