// One step of a task template.
#include <fmt/format.h>

#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "core/base/json_schema.h"
#include "core/engine/published_events.h"
#include "core/engine/retry.h"
#include "core/engine/template_parts.h"

namespace tasker::engine {
namespace {

constexpr std::size_t kStepNameLengthMax = 128;
constexpr std::size_t kCallableBytesMax = 500;
constexpr std::size_t kBatchNameLengthMax = 255;
constexpr std::uint32_t kMaxAttemptsMax = 100;
constexpr std::uint32_t kBackoffBaseMinMs = 100;
constexpr std::uint32_t kMaxBackoffMinMs = 1000;
constexpr std::uint32_t kBackoffMaxMs = 3'600'000;
constexpr std::uint32_t kBatchSizeMax = 100'000;
constexpr std::uint32_t kParallelismMax = 1000;

constexpr std::array<std::string_view, 11> kStepFields = {"name",
                                                          "description",
                                                          "type",
                                                          "step_type",
                                                          "handler",
                                                          "system_dependency",
                                                          "dependencies",
                                                          "retry",
                                                          "timeout_seconds",
                                                          "publishes_events",
                                                          "batch_config"};
constexpr std::array<std::string_view, 5> kStepTypes = {
    "standard", "decision", "deferred_convergence", "batchable", "batch_worker"};
constexpr std::array<std::string_view, 5> kBackoffs = {"none", "fixed", "linear", "exponential",
                                                       "fibonacci"};
constexpr std::array<std::string_view, 5> kConditions = {"success", "failure", "retryable_failure",
                                                         "permanent_failure", "always"};
constexpr std::array<std::string_view, 3> kDeliveryModes = {"durable", "fast", "broadcast"};
constexpr std::array<std::string_view, 3> kFailureStrategies = {"continue_on_failure", "fail_fast",
                                                                "isolate"};

bool is_identifier_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_identifier_part(char c) { return is_identifier_start(c) || (c >= '0' && c <= '9'); }

/// Identifiers joined by `::` or `.`.
bool is_publisher(std::string_view text) {
  for (;;) {
    if (text.empty() || !is_identifier_start(text[0])) return false;
    while (!text.empty() && is_identifier_part(text[0])) text.remove_prefix(1);
    if (text.empty()) return true;
    if (text.starts_with("::")) {
      text.remove_prefix(2);
    } else if (text.starts_with('.')) {
      text.remove_prefix(1);
    } else {
      return false;
    }
  }
}

void refuse(const YamlValue& value, std::string_view expected, ProblemList& problems) {
  problems.add(value.line(), value.path,
               fmt::format("`{}` is not {}", base::shown(value.node->text), expected));
}

/// `type`, or its alias `step_type`.
std::optional<YamlValue> find_type(const FieldReader& fields, ProblemList& problems) {
  auto type = fields.find("type", Need::kOptional);
  auto alias = fields.find("step_type", Need::kOptional);
  if (type && alias) {
    problems.add(alias->line(), alias->path,
                 fmt::format("the type is given twice, as `type` on line {} too", type->line()));
  }
  return type ? type : alias;
}

void read_dependencies(const YamlValue& value, StepInText& into, ProblemList& problems) {
  into.dependencies_line = value.line();
  const auto items = read_list(value, problems);
  if (!items) return;
  for (const YamlValue& item : *items) {
    if (auto name = read_name(item, kStepNameLengthMax, problems)) {
      into.dependencies.push_back({std::move(*name), item.line(), item.path});
    }
  }
}

/// Rules between a step's type and its other fields.
void check_type(const YamlValue& value, const FieldReader& fields, const StepInText& step,
                ProblemList& problems) {
  const model::StepType type = step.step.type;
  const auto config = fields.find("batch_config", Need::kNullable);
  const bool needs_dependency =
      type == model::StepType::kDecision || type == model::StepType::kDeferredConvergence;
  const auto dependencies = fields.find("dependencies", Need::kOptional);
  const bool has_dependencies = dependencies && (dependencies->node->type != YamlType::kList ||
                                                 !dependencies->node->items.empty());
  if (needs_dependency && !has_dependencies) {
    problems.add(dependencies ? dependencies->line() : value.line(),
                 member_path(value.path, "dependencies"),
                 fmt::format("a step of type `{}` needs at least one dependency",
                             model::step_type_name(type)));
  }
  if (type == model::StepType::kBatchWorker && !config) {
    problems.add(value.line(), member_path(value.path, "batch_config"),
                 "missing; a step of type `batch_worker` needs it");
  }
  if (type != model::StepType::kBatchWorker && config) {
    problems.add(config->line(), config->path,
                 fmt::format("only a step of type `batch_worker` has it, and this one is `{}`",
                             model::step_type_name(type)));
  }
}

}  // namespace

model::HandlerSpec read_handler(const YamlValue& value, ProblemList& problems) {
  model::HandlerSpec handler;
  const FieldReader fields(value, {"callable", "method", "resolver", "initialization"}, problems);
  if (const auto callable = fields.find("callable", Need::kRequired)) {
    // Counted in bytes, like the names that workers register.
    const std::string& text = callable->node->text;
    if (callable->node->type == YamlType::kString && text.size() > kCallableBytesMax) {
      problems.add(callable->line(), callable->path,
                   fmt::format("`{}` has {} bytes, expected 1 to {}", base::shown(text),
                               text.size(), kCallableBytesMax));
    } else {
      handler.callable = read_name(*callable, kCallableBytesMax, problems).value_or("");
    }
  }
  handler.method = fields.name("method", Need::kNullable, kCallableBytesMax);
  handler.resolver = fields.name("resolver", Need::kNullable, kCallableBytesMax);
  handler.initialization_json =
      fields.object_json("initialization", Need::kOptional).value_or("{}");
  return handler;
}

model::RetryPolicy read_retry(const YamlValue& value, ProblemList& problems) {
  model::RetryPolicy retry;
  const FieldReader fields(
      value, {"retryable", "max_attempts", "backoff", "backoff_base_ms", "max_backoff_ms"},
      problems);
  retry.retryable = fields.boolean("retryable", Need::kOptional).value_or(retry.retryable);
  retry.max_attempts = fields.number("max_attempts", Need::kOptional, 0, kMaxAttemptsMax)
                           .value_or(retry.max_attempts);
  if (const auto backoff = fields.choice("backoff", Need::kOptional, kBackoffs)) {
    retry.backoff = model::parse_backoff(*backoff).value_or(retry.backoff);
  }
  retry.backoff_base_ms =
      fields.number("backoff_base_ms", Need::kNullable, kBackoffBaseMinMs, kBackoffMaxMs);
  retry.max_backoff_ms =
      fields.number("max_backoff_ms", Need::kNullable, kMaxBackoffMinMs, kBackoffMaxMs);
  return retry;
}

model::PublishedEvent read_published_event(const YamlValue& value, ProblemList& problems) {
  model::PublishedEvent event;
  const FieldReader fields(
      value, {"name", "description", "condition", "schema", "delivery_mode", "publisher"},
      problems);
  if (const auto name = fields.find("name", Need::kRequired)) {
    event.name = read_string(*name, problems).value_or("");
    if (name->node->type == YamlType::kString && !is_domain_event_name(event.name)) {
      refuse(*name, "an event name: words of a-z, 0-9 and _, at least two, joined by single dots",
             problems);
    }
  }
  event.description = fields.string("description", Need::kRequired).value_or("");
  event.condition = fields.choice("condition", Need::kOptional, kConditions).value_or("success");
  if (const auto schema = fields.find("schema", Need::kRequired)) {
    ProblemList of_schema;
    event.schema_json = read_json_schema(*schema, of_schema).value_or("{}");
    auto found = of_schema.take();
    // Only when its parts are right, so that nothing is said twice.
    if (found.empty()) {
      if (auto compiled = base::JsonSchema::compile(event.schema_json); !compiled)
        problems.add(schema->line(), schema->path, compiled.error().message);
    }
    for (TemplateProblem& problem : found)
      problems.add(problem.line, std::move(problem.field), std::move(problem.reason));
  }
  event.delivery_mode =
      fields.choice("delivery_mode", Need::kOptional, kDeliveryModes).value_or("durable");
  if (const auto publisher = fields.find("publisher", Need::kNullable)) {
    event.publisher = read_string(*publisher, problems);
    if (event.publisher && !is_publisher(*event.publisher)) {
      refuse(*publisher, "a publisher: identifiers joined by `::` or `.`", problems);
    }
  }
  return event;
}

model::BatchConfig read_batch_config(const YamlValue& value, ProblemList& problems) {
  model::BatchConfig config;
  const FieldReader fields(
      value, {"batch_size", "parallelism", "cursor_field", "worker_template", "failure_strategy"},
      problems);
  config.batch_size =
      fields.number("batch_size", Need::kRequired, 1, kBatchSizeMax).value_or(config.batch_size);
  config.parallelism = fields.number("parallelism", Need::kRequired, 1, kParallelismMax)
                           .value_or(config.parallelism);
  config.cursor_field =
      fields.name("cursor_field", Need::kRequired, kBatchNameLengthMax).value_or("");
  config.worker_template =
      fields.name("worker_template", Need::kRequired, kBatchNameLengthMax).value_or("");
  config.failure_strategy =
      fields.choice("failure_strategy", Need::kRequired, kFailureStrategies).value_or("");
  return config;
}

StepInText read_step(const YamlValue& value, ProblemList& problems) {
  StepInText into;
  model::StepTemplate& step = into.step;
  into.path = value.path;
  into.name_line = value.line();
  const FieldReader fields(value, kStepFields, problems);
  if (!fields.is_mapping()) return into;

  if (const auto name = fields.find("name", Need::kRequired)) {
    into.name_line = name->line();
    const auto text = read_name(*name, kStepNameLengthMax, problems);
    into.is_named = text.has_value();
    step.name = text.value_or("");
  }
  step.description = fields.string("description", Need::kNullable);
  bool has_type = true;
  if (const auto type = find_type(fields, problems)) {
    const auto name = read_choice(*type, kStepTypes, problems);
    has_type = name.has_value();
    if (name) step.type = model::parse_step_type(*name).value_or(step.type);
  }
  if (const auto handler = fields.find("handler", Need::kRequired)) {
    step.handler = read_handler(*handler, problems);
  }
  step.system_dependency = fields.name("system_dependency", Need::kNullable, kBatchNameLengthMax);
  if (const auto dependencies = fields.find("dependencies", Need::kOptional)) {
    read_dependencies(*dependencies, into, problems);
  }
  if (const auto retry = fields.find("retry", Need::kOptional)) {
    step.retry = read_retry(*retry, problems);
  } else {
    step.retry.backoff_base_ms = kBackoffBaseDefaultMs;
    step.retry.max_backoff_ms = kMaxBackoffDefaultMs;
  }
  step.timeout_seconds = fields.number("timeout_seconds", Need::kNullable, 1,
                                       std::numeric_limits<std::uint32_t>::max());
  if (const auto events = fields.list("publishes_events", Need::kOptional)) {
    for (const YamlValue& event : *events) {
      step.publishes_events.push_back(read_published_event(event, problems));
    }
  }
  if (const auto config = fields.find("batch_config", Need::kNullable)) {
    step.batch_config = read_batch_config(*config, problems);
  }
  if (has_type) check_type(value, fields, into, problems);
  return into;
}

}  // namespace tasker::engine
