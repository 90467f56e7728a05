// The members of a task template that the core checks and carries, but does not read.
#include <fmt/format.h>

#include <array>
#include <limits>
#include <unordered_set>

#include "core/base/json.h"
#include "core/engine/template_parts.h"

namespace tasker::engine {
namespace {

constexpr std::size_t kNameLengthMax = 255;
constexpr std::uint32_t kMaxDurationMaxMinutes = 43'200;
constexpr std::uint32_t kMaxInStateMaxMinutes = 10'080;
constexpr std::string_view kAllSteps = "ALL";
constexpr std::array<std::string_view, 3> kStalenessActions = {"dlq", "error", "none"};

void check_strings(const FieldReader& fields, std::string_view name, ProblemList& problems) {
  if (const auto value = fields.find(name, Need::kOptional)) read_strings(*value, problems);
}

void check_metadata(const YamlValue& value, ProblemList& problems) {
  const FieldReader fields(
      value, {"author", "tags", "documentation_url", "created_at", "updated_at"}, problems);
  for (const std::string_view name : {"author", "documentation_url", "created_at", "updated_at"}) {
    fields.string(name, Need::kNullable);
  }
  check_strings(fields, "tags", problems);
}

void check_task_handler(const YamlValue& value, ProblemList& problems) {
  read_handler(value, problems);
}

void check_system_dependencies(const YamlValue& value, ProblemList& problems) {
  const FieldReader fields(value, {"primary", "secondary"}, problems);
  fields.name("primary", Need::kOptional, kNameLengthMax);
  check_strings(fields, "secondary", problems);
}

void check_domain_events(const YamlValue& value, ProblemList& problems) {
  const auto events = read_list(value, problems);
  if (!events) return;
  for (const YamlValue& event : *events) {
    const FieldReader fields(event, {"name", "description", "schema"}, problems);
    fields.name("name", Need::kRequired, kNameLengthMax);
    fields.string("description", Need::kNullable);
    if (const auto schema = fields.find("schema", Need::kNullable)) {
      read_json_schema(*schema, problems);
    }
  }
}

void check_lifecycle(const YamlValue& value, ProblemList& problems) {
  const FieldReader fields(value,
                           {"max_duration_minutes", "max_waiting_for_dependencies_minutes",
                            "max_waiting_for_retry_minutes", "max_steps_in_process_minutes",
                            "staleness_action", "auto_fail_on_timeout", "auto_dlq_on_timeout"},
                           problems);
  fields.number("max_duration_minutes", Need::kNullable, 1, kMaxDurationMaxMinutes);
  for (const std::string_view name :
       {"max_waiting_for_dependencies_minutes", "max_waiting_for_retry_minutes",
        "max_steps_in_process_minutes"}) {
    fields.number(name, Need::kNullable, 1, kMaxInStateMaxMinutes);
  }
  fields.choice("staleness_action", Need::kOptional, kStalenessActions);
  fields.boolean("auto_fail_on_timeout", Need::kNullable);
  fields.boolean("auto_dlq_on_timeout", Need::kNullable);
}

/// `handler` or `task_handler` of an environment: only `initialization` can be overridden.
void check_handler_override(const YamlValue& value, ProblemList& problems) {
  const FieldReader fields(value, {"initialization"}, problems);
  fields.object_json("initialization", Need::kOptional);
}

using StepNames = std::unordered_set<std::string_view>;

void check_step_override(const YamlValue& value, const StepNames& steps, ProblemList& problems) {
  const FieldReader fields(value, {"name", "handler", "timeout_seconds", "retry"}, problems);
  if (const auto name = fields.string("name", Need::kRequired);
      name && *name != kAllSteps && !steps.contains(*name)) {
    const auto place = fields.find("name", Need::kOptional);
    problems.add(place->line(), place->path,
                 fmt::format("`{}` is no step of this template; expected one, or `{}`",
                             base::shown(*name), kAllSteps));
  }
  if (const auto handler = fields.find("handler", Need::kNullable)) {
    check_handler_override(*handler, problems);
  }
  fields.number("timeout_seconds", Need::kNullable, 1, std::numeric_limits<std::uint32_t>::max());
  if (const auto retry = fields.find("retry", Need::kNullable)) read_retry(*retry, problems);
}

void check_environments(const YamlValue& value, const StepNames& steps, ProblemList& problems) {
  const auto environments = read_mapping(value, problems);
  if (!environments) return;
  for (const NamedValue& environment : *environments) {
    const FieldReader fields(environment.value, {"task_handler", "steps"}, problems);
    if (const auto handler = fields.find("task_handler", Need::kNullable)) {
      check_handler_override(*handler, problems);
    }
    const auto overrides = fields.list("steps", Need::kOptional);
    if (!overrides) continue;
    for (const YamlValue& step : *overrides) check_step_override(step, steps, problems);
  }
}

struct Carried {
  std::string_view name;
  Need need;
  void (*check)(const YamlValue& value, ProblemList& problems);
};

constexpr std::array<Carried, 6> kCarried = {{
    {"metadata", Need::kNullable, check_metadata},
    {"task_handler", Need::kNullable, check_task_handler},
    {"system_dependencies", Need::kOptional, check_system_dependencies},
    {"domain_events", Need::kOptional, check_domain_events},
    {"lifecycle", Need::kNullable, check_lifecycle},
    {"default_options", Need::kOptional,
     [](const YamlValue& value, ProblemList& problems) {
       if (value.node->type != YamlType::kMapping) add_unexpected(value, "a mapping", problems);
     }},
}};

void append_member(std::string& json, std::string_view name, const YamlValue& value,
                   ProblemList& problems) {
  json += json.empty() ? '{' : ',';
  base::append_json_string(json, name);
  json += ':';
  json += read_json(value, problems);
}

}  // namespace

std::string read_carried(const FieldReader& fields, const std::vector<StepInText>& steps,
                         ProblemList& problems) {
  std::string json;
  for (const Carried& member : kCarried) {
    const auto value = fields.find(member.name, member.need);
    if (!value) continue;
    member.check(*value, problems);
    append_member(json, member.name, *value, problems);
  }
  if (const auto environments = fields.find("environments", Need::kOptional)) {
    StepNames names;
    for (const StepInText& step : steps) names.insert(step.step.name);
    check_environments(*environments, names, problems);
    append_member(json, "environments", *environments, problems);
  }
  return json.empty() ? "{}" : json + "}";
}

}  // namespace tasker::engine
