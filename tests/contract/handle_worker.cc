#include "tests/contract/handle_worker.h"

#include <cstring>
#include <utility>

namespace tasker::contract {

using Kind = JsonValue::Kind;

namespace {

/// Takes the error over. Its parts have to say the same.
Refusal read_refusal(tasker_status status, tasker_error* error) {
  Refusal refusal{tasker_status_name(status), tasker_error_field(error)};
  const auto json = parse_json(tasker_error_json(error));
  const bool agrees = json && json->find("code") != nullptr &&
                      json->find("code")->text == refusal.code &&
                      tasker_error_status(error) == status;
  if (!agrees) refusal.code = "the parts of the error do not agree";
  if (tasker_error_destroy(error) != TASKER_OK) refusal.code = "the error cannot be destroyed";
  return refusal;
}

JsonValue failure(const std::string& message, const Refusal& refusal, bool retryable) {
  JsonValue envelope = JsonValue::object();
  envelope.set("success", JsonValue::boolean(false));
  envelope.set("error", JsonValue::string(message));
  envelope.set("recoverable", JsonValue::boolean(retryable));
  envelope.set("code", JsonValue::string(refusal.code));
  if (!refusal.field.empty()) envelope.set("field", JsonValue::string(refusal.field));
  return envelope;
}

Answer failed_envelope(tasker_status status, tasker_error* error) {
  const std::string message = tasker_error_message(error);
  const bool retryable = tasker_error_retryable(error) != 0;
  const Refusal refusal = read_refusal(status, error);
  return {failure(message, refusal, retryable), refusal};
}

JsonValue success(JsonValue data) {
  JsonValue envelope = JsonValue::object();
  envelope.set("success", JsonValue::boolean(true));
  envelope.set("data", std::move(data));
  return envelope;
}

/// What is in the buffer, which has to be one document and a NUL, and is released.
JsonValue read_buffer(tasker_buffer& buffer) {
  JsonValue value;
  if (buffer.data != nullptr) {
    auto read = parse_json({buffer.data, buffer.size});
    if (read && std::strlen(buffer.data) == buffer.size) {
      value = std::move(*read);
    } else {
      value = JsonValue::string("the buffer is not one document and a NUL: " +
                                std::string(buffer.data, buffer.size));
    }
  }
  tasker_buffer_destroy(&buffer);
  return value;
}

template <class Call>
Answer envelope(Call call) {
  tasker_buffer buffer = TASKER_BUFFER_INIT;
  tasker_error* error = nullptr;
  const tasker_status status = call(&buffer, &error);
  if (status != TASKER_OK) return failed_envelope(status, error);
  return {success(read_buffer(buffer)), {}};
}

template <class Call>
Answer document(Call call) {
  tasker_buffer buffer = TASKER_BUFFER_INIT;
  tasker_error* error = nullptr;
  const tasker_status status = call(&buffer, &error);
  if (status != TASKER_OK) return {JsonValue::null(), read_refusal(status, error)};
  return {read_buffer(buffer), {}};
}

/// The one element of a polled array, or null.
template <class Call>
Answer polled(Call call) {
  Answer answer = document(call);
  if (!answer.value.is(Kind::kArray)) return answer;
  answer.value =
      answer.value.items.empty() ? JsonValue::null() : JsonValue(answer.value.items.front());
  return answer;
}

template <class Call>
Answer flagged(Call call) {
  tasker_error* error = nullptr;
  const tasker_status status = call(&error);
  return flag_answer(status, error);
}

const char* data_of(const TextArgument& argument) {
  return argument.is_null ? nullptr : argument.text.data();
}

Answer plain_success() { return {success(JsonValue::null()), {}}; }

}  // namespace

Answer flag_answer(tasker_status status, tasker_error* error) {
  if (status == TASKER_OK) return {JsonValue::number("1"), {}};
  return {JsonValue::number("0"), read_refusal(status, error)};
}

Answer log_answer(std::int32_t level, const std::string& message, const TextArgument& fields) {
  tasker_error* error = nullptr;
  const tasker_status status = tasker_log(level, message.data(), message.size(), data_of(fields),
                                          fields.text.size(), &error);
  if (status == TASKER_OK) return {};
  return {JsonValue::null(), read_refusal(status, error)};
}

Answer HandleWorker::open(const TextArgument& config) {
  tasker_error* error = nullptr;
  const tasker_status status =
      tasker_worker_open(data_of(config), config.text.size(), nullptr, &worker_, &error);
  if (status != TASKER_OK) return failed_envelope(status, error);
  is_open_ = true;
  const tasker_status kept = tasker_worker_keep_domain_events(worker_, &error);
  return kept == TASKER_OK ? plain_success() : failed_envelope(kept, error);
}

Answer HandleWorker::take_all_and_start() {
  tasker_error* error = nullptr;
  tasker_status status = tasker_worker_register_all_handlers(worker_, &error);
  if (status == TASKER_OK) status = tasker_worker_start(worker_, &error);
  return status == TASKER_OK ? plain_success() : failed_envelope(status, error);
}

HandleWorker::~HandleWorker() {
  if (is_open_) (void)close();
}

Answer HandleWorker::close() {
  is_open_ = false;
  tasker_error* error = nullptr;
  const tasker_status status = tasker_worker_close(worker_, &error);
  return status == TASKER_OK ? plain_success() : failed_envelope(status, error);
}

base::Result<std::vector<std::string>> HandleWorker::prepare(
    const TextArgument& config, const std::vector<std::string>& templates,
    const std::vector<JsonValue>& tasks, bool start) {
  const auto refused = [](const Answer& answer) {
    return base::fail(base::ErrorCode::kINVALID_STATE,
                      "the vector's beginning is refused: " + to_json(answer.value));
  };
  if (const Answer opened = open(config); opened.refusal) return refused(opened);
  for (const std::string& yaml : templates) {
    if (const Answer put = put_template(yaml); put.refusal) return refused(put);
  }
  if (start) {
    if (const Answer started = take_all_and_start(); started.refusal) return refused(started);
  }
  std::vector<std::string> ids;
  for (const JsonValue& task : tasks) {
    const Answer created = create_task(to_json(task));
    const JsonValue* const id = at_pointer(created.value, "/data/task_uuid");
    if (id == nullptr) return refused(created);
    ids.push_back(id->text);
  }
  return ids;
}

Answer HandleWorker::put_template(const std::string& yaml) {
  return envelope([&](tasker_buffer* out, tasker_error** error) {
    return tasker_worker_put_template(worker_, yaml.data(), yaml.size(), out, error);
  });
}

Answer HandleWorker::list_templates() {
  return envelope([&](tasker_buffer* out, tasker_error** error) {
    return tasker_worker_list_templates(worker_, out, error);
  });
}

Answer HandleWorker::retry_task(const std::string& task_uuid) {
  std::uint32_t steps = 0;
  tasker_error* error = nullptr;
  const tasker_status status =
      tasker_worker_retry_task(worker_, task_uuid.data(), task_uuid.size(), &steps, &error);
  if (status != TASKER_OK) return failed_envelope(status, error);
  return {success(JsonValue::number(std::to_string(steps))), {}};
}

Answer HandleWorker::check_template(const std::string& yaml) {
  return document([&](tasker_buffer* out, tasker_error** error) {
    return tasker_check_template(yaml.data(), yaml.size(), out, error);
  });
}

Answer HandleWorker::status() {
  return document([&](tasker_buffer* out, tasker_error** error) {
    return tasker_worker_get_status(worker_, out, error);
  });
}

Answer HandleWorker::dispatch_metrics() {
  return document([&](tasker_buffer* out, tasker_error** error) {
    return tasker_worker_get_dispatch_metrics(worker_, out, error);
  });
}

Answer HandleWorker::poll_step_event() {
  return polled([&](tasker_buffer* out, tasker_error** error) {
    return tasker_worker_poll_step_events(worker_, 1, 0, out, error);
  });
}

Answer HandleWorker::poll_domain_event() {
  return polled([&](tasker_buffer* out, tasker_error** error) {
    return tasker_worker_poll_domain_events(worker_, 1, out, error);
  });
}

Answer HandleWorker::poll_notice() {
  return polled([&](tasker_buffer* out, tasker_error** error) {
    return tasker_worker_poll_notices(worker_, 1, out, error);
  });
}

Answer HandleWorker::subscribe_domain_events(const TextArgument& subscription) {
  return flagged([&](tasker_error** error) {
    return tasker_worker_subscribe_domain_events(worker_, data_of(subscription),
                                                 subscription.text.size(), error);
  });
}

Answer HandleWorker::unsubscribe_domain_events(const std::string& subscriber) {
  return flagged([&](tasker_error** error) {
    return tasker_worker_unsubscribe_domain_events(worker_, subscriber.data(), subscriber.size(),
                                                   error);
  });
}

Answer HandleWorker::remove_subscriber(const std::string& subscriber) {
  return flagged([&](tasker_error** error) {
    return tasker_worker_remove_subscriber(worker_, subscriber.data(), subscriber.size(), error);
  });
}

Answer HandleWorker::poll_delivery() {
  return polled([&](tasker_buffer* out, tasker_error** error) {
    return tasker_worker_poll_deliveries(worker_, 1, out, error);
  });
}

Answer HandleWorker::acknowledge_delivery(const std::string& delivery_id) {
  return flagged([&](tasker_error** error) {
    return tasker_worker_acknowledge_delivery(worker_, delivery_id.data(), delivery_id.size(),
                                              error);
  });
}

Answer HandleWorker::fail_delivery(const std::string& delivery_id, const TextArgument& failure) {
  return flagged([&](tasker_error** error) {
    return tasker_worker_fail_delivery(worker_, delivery_id.data(), delivery_id.size(),
                                       data_of(failure), failure.text.size(), error);
  });
}

Answer HandleWorker::complete(const std::string& event_id, const TextArgument& result) {
  return flagged([&](tasker_error** error) {
    return tasker_worker_complete_step_event(worker_, event_id.data(), event_id.size(),
                                             data_of(result), result.text.size(), error);
  });
}

Answer HandleWorker::checkpoint(const std::string& event_id, const TextArgument& checkpoint) {
  return flagged([&](tasker_error** error) {
    return tasker_worker_checkpoint_step_event(worker_, event_id.data(), event_id.size(),
                                               data_of(checkpoint), checkpoint.text.size(), nullptr,
                                               error);
  });
}

Answer HandleWorker::check_starvation_warnings() {
  tasker_error* error = nullptr;
  const tasker_status status = tasker_worker_check_starvation_warnings(worker_, &error);
  if (status == TASKER_OK) return {};
  return {JsonValue::null(), read_refusal(status, error)};
}

Answer HandleWorker::wait_task(const std::string& task_uuid, std::uint32_t timeout_ms) {
  return envelope([&](tasker_buffer* out, tasker_error** error) {
    return tasker_worker_wait_task(worker_, task_uuid.data(), task_uuid.size(), timeout_ms, out,
                                   error);
  });
}

Answer HandleWorker::drain(std::uint32_t timeout_ms) {
  std::uint32_t handed_back = 0;
  tasker_error* error = nullptr;
  const tasker_status status = tasker_worker_drain(worker_, timeout_ms, &handed_back, &error);
  if (status != TASKER_OK) return failed_envelope(status, error);
  return {success(JsonValue::number(std::to_string(handed_back))), {}};
}

Answer HandleWorker::create_task(const std::string& request) {
  const std::string requests = "[" + request + "]";
  Answer created = envelope([&](tasker_buffer* out, tasker_error** error) {
    return tasker_worker_create_tasks(worker_, requests.data(), requests.size(), out, error);
  });
  if (created.refusal) return created;
  const JsonValue* const outcome = at_pointer(created.value, "/data/0");
  if (outcome == nullptr)
    return {failure("one request, no outcome", {"no outcome", ""}, false), Refusal{"no outcome"}};
  const JsonValue* const refused = outcome->find("error");
  if (refused != nullptr) {
    const JsonValue* const field = refused->find("field");
    const Refusal refusal{refused->find("code")->text, field == nullptr ? "" : field->text};
    return {failure(refused->find("message")->text, refusal, refused->find("retryable")->truth),
            refusal};
  }
  return get_task(outcome->find("task_uuid")->text);
}

Answer HandleWorker::get_task(const std::string& task_uuid) {
  return envelope([&](tasker_buffer* out, tasker_error** error) {
    return tasker_worker_get_task(worker_, task_uuid.data(), task_uuid.size(), out, error);
  });
}

Answer HandleWorker::list_tasks(const TextArgument& params) {
  return envelope([&](tasker_buffer* out, tasker_error** error) {
    return tasker_worker_list_tasks(worker_, data_of(params), params.text.size(), out, error);
  });
}

Answer HandleWorker::list_task_steps(const std::string& task_uuid) {
  return envelope([&](tasker_buffer* out, tasker_error** error) {
    return tasker_worker_list_task_steps(worker_, task_uuid.data(), task_uuid.size(), out, error);
  });
}

Answer HandleWorker::get_step(const std::string& task_uuid, const std::string& step_uuid) {
  return envelope([&](tasker_buffer* out, tasker_error** error) {
    return tasker_worker_get_step(worker_, task_uuid.data(), task_uuid.size(), step_uuid.data(),
                                  step_uuid.size(), out, error);
  });
}

Answer HandleWorker::get_step_audit_history(const std::string& task_uuid,
                                            const std::string& step_uuid) {
  return envelope([&](tasker_buffer* out, tasker_error** error) {
    return tasker_worker_get_step_audit_history(worker_, task_uuid.data(), task_uuid.size(),
                                                step_uuid.data(), step_uuid.size(), out, error);
  });
}

Answer HandleWorker::cancel_task(const std::string& task_uuid) {
  tasker_error* error = nullptr;
  const tasker_status status =
      tasker_worker_cancel_task(worker_, task_uuid.data(), task_uuid.size(), &error);
  if (status != TASKER_OK) return failed_envelope(status, error);
  JsonValue data = JsonValue::object();
  data.set("cancelled", JsonValue::boolean(true));
  return {success(std::move(data)), {}};
}

}  // namespace tasker::contract
