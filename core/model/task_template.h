// A task template: the steps of a kind of task and what each depends on. Plain values (contract,
// section 5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tasker::model {

enum class StepType : std::uint8_t {
  kStandard,
  kDecision,
  kDeferredConvergence,
  kBatchable,
  kBatchWorker,
};

enum class Backoff : std::uint8_t { kNone, kFixed, kLinear, kExponential, kFibonacci };

/// When a failed step runs again. Defaults are those of the contract, 5.4.
struct RetryPolicy {
  bool retryable = true;
  std::uint32_t max_attempts = 3;  ///< executions in all, 0..100; 0 counts as 1
  Backoff backoff = Backoff::kExponential;
  std::optional<std::uint32_t> backoff_base_ms;  ///< 100..3 600 000; engine default 1000
  std::optional<std::uint32_t> max_backoff_ms;   ///< 1000..3 600 000; engine default 30 000
};

struct HandlerSpec {
  std::string callable;               ///< the name that a worker registers, 1..500 bytes
  std::optional<std::string> method;  ///< default `call`
  std::optional<std::string> resolver;
  std::string initialization_json = "{}";  ///< JSON object
};

struct PublishedEvent {
  std::string name;
  std::string description;
  std::string condition = "success";
  std::string schema_json = "{}";
  std::string delivery_mode = "durable";
  std::optional<std::string> publisher;
};

struct BatchConfig {
  std::uint32_t batch_size = 0;
  std::uint32_t parallelism = 0;
  std::string cursor_field;
  std::string worker_template;
  std::string failure_strategy;
};

struct StepTemplate {
  std::string name;
  std::optional<std::string> description;
  StepType type = StepType::kStandard;
  HandlerSpec handler;
  std::optional<std::string> system_dependency;
  std::vector<std::string> dependencies;  ///< names of steps of the same template, no duplicates
  RetryPolicy retry;
  std::optional<std::uint32_t>
      timeout_seconds;  ///< deadline of one attempt, from the start of its handler
  std::vector<PublishedEvent> publishes_events;
  std::optional<BatchConfig> batch_config;
};

struct TaskTemplate {
  std::string namespace_name;
  std::string name;
  std::string version;
  std::optional<std::string> description;
  std::string default_context_json = "{}";       ///< JSON object, under the request's context
  std::optional<std::string> input_schema_json;  ///< JSON Schema, stored as given
  std::vector<StepTemplate> steps;
  /// Members that the core carries but does not read (metadata, task_handler, system_dependencies,
  /// domain_events, environments, lifecycle, default_options): one JSON object.
  std::string carried_json = "{}";
};

/// Contract spelling, such as "deferred_convergence"; "unknown" for a value outside the enum.
std::string_view step_type_name(StepType type);
/// nullopt for any other name.
std::optional<StepType> parse_step_type(std::string_view name);
/// Contract spelling, such as "exponential"; "unknown" for a value outside the enum.
std::string_view backoff_name(Backoff backoff);
/// nullopt for any other name.
std::optional<Backoff> parse_backoff(std::string_view name);

/// `namespace/name:version`, the key of a template in messages.
std::string template_key(const TaskTemplate& task_template);

}  // namespace tasker::model
