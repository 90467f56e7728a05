// The writer. Member order and names are those of the reader in template_json_reader.cc.
#include "core/model/template_json.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"

namespace tasker::model {
namespace {

/// Appends `"name":` with the comma that it needs.
void append_name(std::string& out, std::string_view name) {
  if (out.back() != '{') out += ',';
  out += '"';
  out += name;
  out += "\":";
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  append_name(out, name);
  base::append_json_string(out, value);
}

void append_member(std::string& out, std::string_view name,
                   const std::optional<std::string>& value) {
  if (value) append_member(out, name, std::string_view(*value));
}

void append_number(std::string& out, std::string_view name, std::optional<std::uint32_t> value) {
  if (!value) return;
  append_name(out, name);
  out += std::to_string(*value);
}

void append_bool(std::string& out, std::string_view name, bool value) {
  append_name(out, name);
  out += value ? "true" : "false";
}

/// A member whose value is JSON already.
void append_json(std::string& out, std::string_view name, std::string_view json) {
  append_name(out, name);
  out += json;
}

template <class Item, class Append>
void append_list(std::string& out, std::string_view name, const std::vector<Item>& items,
                 Append append) {
  append_name(out, name);
  out += '[';
  bool first = true;
  for (const Item& item : items) {
    if (!first) out += ',';
    first = false;
    append(out, item);
  }
  out += ']';
}

void append_handler(std::string& out, const HandlerSpec& handler) {
  append_name(out, "handler");
  out += '{';
  append_member(out, "callable", std::string_view(handler.callable));
  append_member(out, "method", handler.method);
  append_member(out, "resolver", handler.resolver);
  append_json(out, "initialization", handler.initialization_json);
  out += '}';
}

void append_retry(std::string& out, const RetryPolicy& retry) {
  append_name(out, "retry");
  out += '{';
  append_bool(out, "retryable", retry.retryable);
  append_number(out, "max_attempts", retry.max_attempts);
  append_member(out, "backoff", backoff_name(retry.backoff));
  append_number(out, "backoff_base_ms", retry.backoff_base_ms);
  append_number(out, "max_backoff_ms", retry.max_backoff_ms);
  out += '}';
}

void append_event(std::string& out, const PublishedEvent& event) {
  out += '{';
  append_member(out, "name", std::string_view(event.name));
  append_member(out, "description", std::string_view(event.description));
  append_member(out, "condition", std::string_view(event.condition));
  append_json(out, "schema", event.schema_json);
  append_member(out, "delivery_mode", std::string_view(event.delivery_mode));
  append_member(out, "publisher", event.publisher);
  out += '}';
}

void append_batch_config(std::string& out, const std::optional<BatchConfig>& batch) {
  if (!batch) return;
  append_name(out, "batch_config");
  out += '{';
  append_number(out, "batch_size", batch->batch_size);
  append_number(out, "parallelism", batch->parallelism);
  append_member(out, "cursor_field", std::string_view(batch->cursor_field));
  append_member(out, "worker_template", std::string_view(batch->worker_template));
  append_member(out, "failure_strategy", std::string_view(batch->failure_strategy));
  out += '}';
}

void append_step(std::string& out, const StepTemplate& step) {
  out += '{';
  append_member(out, "name", std::string_view(step.name));
  append_member(out, "description", step.description);
  append_member(out, "type", step_type_name(step.type));
  append_handler(out, step.handler);
  append_member(out, "system_dependency", step.system_dependency);
  append_list(
      out, "dependencies", step.dependencies,
      [](std::string& list, const std::string& name) { base::append_json_string(list, name); });
  append_retry(out, step.retry);
  append_number(out, "timeout_seconds", step.timeout_seconds);
  append_list(out, "publishes_events", step.publishes_events, append_event);
  append_batch_config(out, step.batch_config);
  out += '}';
}

}  // namespace

std::string template_to_json(const TaskTemplate& body) {
  std::string out = "{";
  append_member(out, "namespace_name", std::string_view(body.namespace_name));
  append_member(out, "name", std::string_view(body.name));
  append_member(out, "version", std::string_view(body.version));
  append_member(out, "description", body.description);
  append_json(out, "default_context", body.default_context_json);
  if (body.input_schema_json) append_json(out, "input_schema", *body.input_schema_json);
  append_list(out, "steps", body.steps, append_step);
  append_json(out, "carried", body.carried_json);
  out += '}';
  return out;
}

}  // namespace tasker::model
