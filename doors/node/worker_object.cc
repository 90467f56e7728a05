#include "doors/node/worker_object.h"

#include <fmt/format.h>

#include <future>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/config/config.h"
#include "core/worker/client.h"
#include "core/worker/completion_batch.h"
#include "core/worker/configured_worker.h"
#include "core/worker/door_documents.h"
#include "core/worker/json_writer.h"
#include "core/worker/task_requests.h"
#include "doors/node/bus_object.h"
#include "doors/node/bus_tokens.h"
#include "doors/node/call.h"
#include "doors/node/method.h"
#include "doors/node/step_methods.h"
#include "doors/node/wrapped_object.h"

namespace tasker::node {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;
using worker::Worker;

namespace {

constexpr std::int64_t kTimeoutMsMax = 2'147'483'647;

struct WorkerObject : WrappedObject {
  static constexpr napi_type_tag kTag = {0x7461736b65722d77, 0x6f726b65722d3031};
  static constexpr const char* kWhat = "a worker";

  std::shared_ptr<Worker> worker;
  bool closed = false;
  std::vector<worker::StepEvent> events;  // kept, so that polling allocates once
  std::string text;
  TextBuffer given;

  Status check() const {
    if (closed) return fail(ErrorCode::kCLOSED, "the worker is closed");
    return {};
  }
  void end() {
    worker->set_wakeup({});
    drop_wakeup();
    environment->remove(worker);
  }
};

using Kept = std::shared_ptr<WorkerObject>;

/// Runs a read of client.h with the worker's reader.
template <class Read>
Result<napi_value> read_text(const Call& call, const WorkerObject& object, Read read) {
  std::string text;
  auto status = object.worker->with_reader([&](store::Reader& reader) -> Status {
    auto result = read(reader);
    if (!result) return fail(result.error());
    text = std::move(*result);
    return {};
  });
  if (!status) return fail(status.error());
  return make_string(call.env(), text);
}

Result<napi_value> register_handlers(const Call& call, const Kept& object) {
  auto handlers = handlers_argument(call, 0);
  if (!handlers) return fail(handlers.error());
  return undefined_or(object->worker->register_handlers(*handlers));
}

Result<napi_value> register_all_handlers(const Call&, const Kept& object) {
  return undefined_or(object->worker->register_all_handlers());
}

Result<napi_value> set_executor_room(const Call& call, const Kept& object) {
  auto executor = executor_argument(call, 0);
  if (!executor) return fail(executor.error());
  auto places = call.integer(1, "places", 0, worker::kExecutorRoomMax);
  if (!places) return fail(places.error());
  return undefined_or(
      object->worker->set_executor_room(*executor, static_cast<std::uint32_t>(*places)));
}

Result<napi_value> attach_token(const Call& call, const Kept& object) {
  return make_string(call.env(), object->worker->attach_token());
}

Result<napi_value> end_attachment(const Call& call, const Kept& object) {
  auto id = call.integer(0, "id", 0, std::numeric_limits<worker::AttachmentId>::max());
  if (!id) return fail(id.error());
  const auto held = object->worker->end_attachment(static_cast<worker::AttachmentId>(*id));
  return make_string(call.env(), worker::event_ids_json(held));
}

Result<napi_value> hand_back(const Call& call, const Kept& object) {
  const auto ids = uuids_argument(call, 0, "eventIds");
  if (!ids) return fail(ids.error());
  return count_or(call, object->worker->hand_back(*ids));
}

Result<napi_value> start(const Call&, const Kept& object) {
  return undefined_or(object->worker->start());
}

Result<napi_value> set_wakeup(const Call& call, const Kept& object) {
  return set_wakeup_of(call, object, *object->worker);
}

Result<napi_value> poll_step_events(const Call& call, const Kept& object) {
  auto max = call.integer(0, "max", 1, kPollMax);
  if (!max) return fail(max.error());
  auto executor = worker::Executor::kMain;
  if (call.is_given(1)) {
    const auto named = executor_argument(call, 1);
    if (!named) return fail(named.error());
    executor = *named;
  }
  if (object->worker->poll_step_events(static_cast<std::size_t>(*max), object->events, executor) ==
      0)
    return null_value(call);
  write_step_events(object->text, object->events);
  object->worker->give_back(object->events);
  return make_string(call.env(), object->text);
}

Result<napi_value> poll_notices(const Call& call, const Kept& object) {
  auto max = call.integer(0, "max", 1, kPollMax);
  if (!max) return fail(max.error());
  const auto notices = object->worker->poll_notices(static_cast<std::size_t>(*max));
  return notices_value(call, notices);
}

Result<napi_value> keep_domain_events(const Call&, const Kept& object) {
  object->worker->keep_domain_events();
  return nullptr;
}

Result<napi_value> poll_domain_events(const Call& call, const Kept& object) {
  auto max = call.integer(0, "max", 1, kPollMax);
  if (!max) return fail(max.error());
  std::vector<std::string> events;
  if (object->worker->poll_domain_events(static_cast<std::size_t>(*max), events) == 0)
    return null_value(call);
  std::string text;
  worker::append_json_array(text, events, [&](const std::string& event) { text += event; });
  return make_string(call.env(), text);
}

/// A method that takes a text and returns nothing.
template <Status (Worker::*kMember)(std::string_view)>
Result<napi_value> tell(const Call& call, const Kept& object, std::string_view name) {
  auto text = call.text(0, name);
  if (!text) return fail(text.error());
  return undefined_or((object->worker.get()->*kMember)(*text));
}

Result<napi_value> subscribe_domain_events(const Call& call, const Kept& object) {
  return tell<&Worker::subscribe_domain_events>(call, object, "subscriptionJson");
}

Result<napi_value> unsubscribe_domain_events(const Call& call, const Kept& object) {
  return tell<&Worker::unsubscribe_domain_events>(call, object, "subscriber");
}

Result<napi_value> remove_subscriber(const Call& call, const Kept& object) {
  return tell<&Worker::remove_subscriber>(call, object, "subscriber");
}

Result<napi_value> poll_deliveries(const Call& call, const Kept& object) {
  auto max = call.integer(0, "max", 1, kPollMax);
  if (!max) return fail(max.error());
  std::vector<std::string> deliveries;
  if (object->worker->poll_deliveries(static_cast<std::size_t>(*max), deliveries) == 0)
    return null_value(call);
  std::string text;
  worker::append_json_array(text, deliveries, [&](const std::string& item) { text += item; });
  return make_string(call.env(), text);
}

Result<napi_value> acknowledge_delivery(const Call& call, const Kept& object) {
  auto delivery_id = call.uuid(0, "deliveryId");
  if (!delivery_id) return fail(delivery_id.error());
  return undefined_or(object->worker->acknowledge_delivery(*delivery_id));
}

Result<napi_value> fail_delivery(const Call& call, const Kept& object) {
  auto delivery_id = call.uuid(0, "deliveryId");
  if (!delivery_id) return fail(delivery_id.error());
  auto failure = call.text(1, "failureJson");
  if (!failure) return fail(failure.error());
  return undefined_or(object->worker->fail_delivery(*delivery_id, *failure));
}

Result<napi_value> complete_step_event(const Call& call, const Kept& object) {
  auto event_id = call.uuid(0, "eventId");
  if (!event_id) return fail(event_id.error());
  auto result = call.text(1, "resultJson", object->given);
  if (!result) return fail(result.error());
  return undefined_or(object->worker->complete_step_event(*event_id, *result));
}

Result<napi_value> complete_step_events(const Call& call, const Kept& object) {
  auto completions = call.text(0, "completionsJson", object->given);
  if (!completions) return fail(completions.error());
  auto refusals = worker::complete_step_events_json(*object->worker, *completions);
  if (!refusals) return fail(refusals.error());
  return refusals->empty() ? null_value(call) : make_string(call.env(), *refusals);
}

Result<napi_value> checkpoint_step_event(const Call& call, const Kept& object) {
  return begin_checkpoint(call, *object->environment, *object->worker);
}

Result<napi_value> checkpoint_step_event_sync(const Call& call, const Kept& object) {
  return wait_checkpoint(call, *object->worker);
}

Result<napi_value> create_tasks(const Call& call, const Kept& object) {
  auto text = call.text(0, "requestsJson");
  if (!text) return fail(text.error());
  auto promise = object->environment->make_promise();
  if (!promise.promise) return nullptr;
  auto settle = std::make_shared<decltype(promise.settle)>(std::move(promise.settle));
  auto begun = worker::create_tasks_from_json(
      *object->worker, *text,
      [settle](std::string created) { (*settle)(text_settle(std::move(created))); });
  // Settled here too, since an unsettled promise would be held for ever.
  if (!begun) (*settle)(fail(begun.error()));
  return promise.promise;
}

Result<napi_value> create_task_sync(const Call& call, const Kept& object) {
  auto text = call.text(0, "requestJson");
  if (!text) return fail(text.error());
  auto request = worker::read_task_request(*text, "request");
  if (!request) return fail(request.error());
  std::promise<Result<worker::CreatedTask>> done;
  std::vector<worker::TaskRequest> requests;
  requests.push_back(std::move(*request));
  object->worker->create_tasks(std::move(requests),
                               [&](auto created) { done.set_value(std::move(created[0])); });
  const auto created = done.get_future().get();
  if (!created) return fail(created.error());
  return make_string(call.env(), worker::created_task_json(created));
}

Result<napi_value> wait_for_task(const Call& call, const Kept& object) {
  auto task = call.uuid(0, "taskUuid");
  if (!task) return fail(task.error());
  auto timeout_ms = call.integer(1, "timeoutMs", 0, kTimeoutMsMax);
  if (!timeout_ms) return fail(timeout_ms.error());
  auto promise = object->environment->make_promise();
  if (!promise.promise) return nullptr;
  object->worker->wait_task(
      *task, *timeout_ms, [settle = std::move(promise.settle)](Result<model::TaskState> state) {
        if (!state) return settle(fail(state.error()));
        settle(
            [state = *state](napi_env env) { return make_string(env, model::state_name(state)); });
      });
  return promise.promise;
}

Result<napi_value> put_template(const Call& call, const Kept& object) {
  auto yaml = call.text(0, "yaml");
  if (!yaml) return fail(yaml.error());
  return text_value(call, worker::put_template_yaml(*object->worker, *yaml));
}

Result<napi_value> get_task(const Call& call, const Kept& object) {
  auto task = call.uuid(0, "taskUuid");
  if (!task) return fail(task.error());
  return read_text(call, *object,
                   [&](store::Reader& reader) { return worker::task_json(reader, *task); });
}

Result<napi_value> list_tasks(const Call& call, const Kept& object) {
  auto params = call.text(0, "paramsJson");
  if (!params) return fail(params.error());
  auto filter = worker::read_task_filter(*params);
  if (!filter) return fail(filter.error());
  return read_text(call, *object,
                   [&](store::Reader& reader) { return worker::task_list_json(reader, *filter); });
}

Result<napi_value> list_task_steps(const Call& call, const Kept& object) {
  auto task = call.uuid(0, "taskUuid");
  if (!task) return fail(task.error());
  return read_text(call, *object,
                   [&](store::Reader& reader) { return worker::task_steps_json(reader, *task); });
}

Result<napi_value> get_step(const Call& call, const Kept& object) {
  auto task = call.uuid(0, "taskUuid");
  if (!task) return fail(task.error());
  auto step = call.uuid(1, "stepUuid");
  if (!step) return fail(step.error());
  return read_text(call, *object,
                   [&](store::Reader& reader) { return worker::step_json(reader, *task, *step); });
}

Result<napi_value> get_step_audit_history(const Call& call, const Kept& object) {
  auto task = call.uuid(0, "taskUuid");
  if (!task) return fail(task.error());
  auto step = call.uuid(1, "stepUuid");
  if (!step) return fail(step.error());
  return read_text(call, *object, [&](store::Reader& reader) {
    return worker::step_audit_json(reader, *task, *step);
  });
}

Result<napi_value> list_templates(const Call& call, const Kept& object) {
  return read_text(call, *object,
                   [](store::Reader& reader) { return worker::template_list_json(reader); });
}

Result<napi_value> cancel_task(const Call& call, const Kept& object) {
  auto task = call.uuid(0, "taskUuid");
  if (!task) return fail(task.error());
  return undefined_or(object->worker->cancel_task(*task));
}

Result<napi_value> retry_task(const Call& call, const Kept& object) {
  auto task = call.uuid(0, "taskUuid");
  if (!task) return fail(task.error());
  return count_or(call, object->worker->retry_task(*task));
}

Result<napi_value> bus_token_of(const Call& call, const Kept& object) {
  return make_string(call.env(), bus_token(object->worker));
}

Result<napi_value> status(const Call& call, const Kept& object) {
  return text_value(call, object->worker->status_json());
}

Result<napi_value> metrics(const Call& call, const Kept& object) {
  return text_value(call, object->worker->metrics_json());
}

Result<napi_value> dispatch_metrics(const Call& call, const Kept& object) {
  return text_value(call, object->worker->dispatch_metrics_json());
}

Result<napi_value> check_starvation_warnings(const Call&, const Kept& object) {
  object->worker->check_starvation_warnings();
  return nullptr;
}

Result<napi_value> drain(const Call& call, const Kept& object) {
  auto timeout_ms = call.integer(0, "timeoutMs", 0, kTimeoutMsMax);
  if (!timeout_ms) return fail(timeout_ms.error());
  (void)object->worker->begin_drain();  // a refusal comes again from drain()
  return object->environment->run_apart(
      [worker = object->worker, timeout = *timeout_ms]() -> Result<Environment::Settle> {
        auto returned = worker->drain(timeout);
        if (!returned) return fail(returned.error());
        return Environment::Settle([count = *returned](napi_env env) {
          napi_value value = nullptr;
          (void)napi_create_uint32(env, count, &value);
          return value;
        });
      });
}

Environment::Settle undefined_settle() {
  return [](napi_env env) {
    napi_value undefined = nullptr;
    (void)napi_get_undefined(env, &undefined);
    return undefined;
  };
}

// Outside the table of methods: a second close is not an error.
napi_value close_worker(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> Result<napi_value> {
    const Call call(env, info, "close");
    auto object = receiver<WorkerObject>(call);
    if (!object) return fail(object.error());
    WorkerObject& closing = **object;
    if (!std::exchange(closing.closed, true)) {
      closing.worker->set_wakeup({});
      closing.drop_wakeup();
    }
    return closing.environment->run_apart(
        [worker = closing.worker]() -> Result<Environment::Settle> {
          if (auto stopped = worker->stop(); !stopped) return fail(stopped.error());
          return undefined_settle();
        });
  });
}

constexpr MethodEntry<WorkerObject> kMethods[] = {
    {"registerHandlers", register_handlers},
    {"registerAllHandlers", register_all_handlers},
    {"setExecutorRoom", set_executor_room},
    {"attachToken", attach_token},
    {"endAttachment", end_attachment},
    {"handBack", hand_back},
    {"start", start},
    {"setWakeup", set_wakeup},
    {"pollStepEvents", poll_step_events},
    {"pollNotices", poll_notices},
    {"keepDomainEvents", keep_domain_events},
    {"pollDomainEvents", poll_domain_events},
    {"subscribeDomainEvents", subscribe_domain_events},
    {"unsubscribeDomainEvents", unsubscribe_domain_events},
    {"removeSubscriber", remove_subscriber},
    {"pollDeliveries", poll_deliveries},
    {"acknowledgeDelivery", acknowledge_delivery},
    {"failDelivery", fail_delivery},
    {"completeStepEvent", complete_step_event},
    {"completeStepEvents", complete_step_events},
    {"checkpointStepEvent", checkpoint_step_event},
    {"checkpointStepEventSync", checkpoint_step_event_sync},
    {"createTasks", create_tasks},
    {"createTaskSync", create_task_sync},
    {"waitForTask", wait_for_task},
    {"putTemplate", put_template},
    {"getTask", get_task},
    {"listTasks", list_tasks},
    {"listTaskSteps", list_task_steps},
    {"getStep", get_step},
    {"getStepAuditHistory", get_step_audit_history},
    {"listTemplates", list_templates},
    {"cancelTask", cancel_task},
    {"retryTask", retry_task},
    {"busToken", bus_token_of},
    {"status", status},
    {"metrics", metrics},
    {"dispatchMetrics", dispatch_metrics},
    {"checkStarvationWarnings", check_starvation_warnings},
    {"drain", drain},
};

Result<std::shared_ptr<Worker>> open_from_config(const std::string& json) {
  auto config = config::load_config(json, config::system_environment());
  if (!config) return fail(config.error());
  auto logger = base::make_stderr_logger(config->log_level, config->log_json);
  auto opened = worker::open_configured_worker(std::move(*config), logger);
  if (!opened) return fail(opened.error());
  return std::shared_ptr<Worker>(std::move(*opened));
}

Result<napi_value> make_object(napi_env env, const Kept& object) {
  const auto value = wrap(env, object, kMethods);
  if (!value) return value;
  napi_value close = nullptr;
  if (napi_create_function(env, "close", NAPI_AUTO_LENGTH, close_worker, nullptr, &close) !=
          napi_ok ||
      napi_set_named_property(env, *value, "close", close) != napi_ok)
    return fail(ErrorCode::kINTERNAL, "the worker's close cannot be made");
  object->environment->add(object->worker);
  return value;
}

}  // namespace

napi_value open_worker(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> Result<napi_value> {
    const Call call(env, info, "openWorker");
    auto json = call.text(0, "configJson");
    if (!json) return fail(json.error());
    auto worker = open_from_config(*json);
    if (!worker) return fail(worker.error());
    auto object = std::make_shared<WorkerObject>();
    object->environment = static_cast<Environment*>(call.data())->shared_from_this();
    object->worker = std::move(*worker);
    object->env = env;
    return make_object(env, object);
  });
}

napi_value open_bus(napi_env env, napi_callback_info info) {
  return guarded(env, [&]() -> Result<napi_value> {
    const Call call(env, info, "openBus");
    const auto token = call.text(0, "token");
    if (!token) return fail(token.error());
    auto port = open_bus_port(*token);
    if (!port) return fail(port.error());
    return make_bus_object(env, static_cast<Environment*>(call.data())->shared_from_this(),
                           std::move(*port));
  });
}

}  // namespace tasker::node
