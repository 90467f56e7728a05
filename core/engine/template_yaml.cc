#include "core/engine/template_yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/engine/problem_list.h"
#include "core/engine/template_parts.h"
#include "core/engine/yaml_reader.h"
#include "core/engine/yaml_tree.h"

namespace tasker::engine {
namespace {

constexpr std::size_t kNameLengthMax = 64;
constexpr std::size_t kNamespaceLengthMax = 29;
constexpr std::size_t kVersionLengthMax = 16;

constexpr std::array<std::string_view, 14> kTemplateFields = {
    "name",         "namespace_name",      "version",         "description",    "metadata",
    "task_handler", "system_dependencies", "domain_events",   "input_schema",   "steps",
    "environments", "lifecycle",           "default_context", "default_options"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_namespace(std::string_view text) {
  if (text.empty() || is_digit(text[0])) return false;
  for (const char c : text) {
    if (!is_letter(c) && !is_digit(c) && c != '_') return false;
  }
  return true;
}

/// The words of `text` between dots; one more than it has dots.
std::vector<std::string_view> split_at_dots(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t dot = text.find('.'); dot != std::string_view::npos; dot = text.find('.')) {
    words.push_back(text.substr(0, dot));
    text.remove_prefix(dot + 1);
  }
  words.push_back(text);
  return words;
}

bool is_version_number(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return false;
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_pre_release_word(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (!is_letter(c) && !is_digit(c) && c != '-') return false;
  }
  const bool is_numeric = text.find_first_not_of("0123456789") == std::string_view::npos;
  return !is_numeric || is_version_number(text);
}

/// major.minor.patch, then perhaps `-` and words joined by dots (semver.org, without build
/// metadata).
bool is_semantic_version(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto numbers = split_at_dots(text.substr(0, dash));
  if (numbers.size() != 3 || !std::all_of(numbers.begin(), numbers.end(), is_version_number)) {
    return false;
  }
  if (dash == std::string_view::npos) return true;
  const auto words = split_at_dots(text.substr(dash + 1));
  return std::all_of(words.begin(), words.end(), is_pre_release_word);
}

std::string read_namespace(const FieldReader& fields, ProblemList& problems) {
  const auto value = fields.find("namespace_name", Need::kRequired);
  if (!value) return {};
  auto text = read_name(*value, kNamespaceLengthMax, problems);
  if (!text || is_namespace(*text)) return text.value_or("");
  problems.add(value->line(), value->path,
               fmt::format("`{}` is not a namespace: letters, digits and `_`, not a digit first",
                           base::shown(*text)));
  return {};
}

std::string read_version(const FieldReader& fields, ProblemList& problems) {
  constexpr std::string_view kExpected =
      "a semantic version of at most 16 characters such as 1.0.0 or 1.0.0-rc.1";
  const auto value = fields.find("version", Need::kRequired);
  if (!value) return {};
  const YamlNode& node = *value->node;
  if (node.type == YamlType::kString && node.text.size() <= kVersionLengthMax &&
      is_semantic_version(node.text)) {
    return node.text;
  }
  add_unexpected(*value, kExpected, problems);
  return {};
}

std::vector<StepInText> read_steps(const FieldReader& fields, const TemplateLimits& limits,
                                   ProblemList& problems) {
  std::vector<StepInText> steps;
  const auto values = fields.list("steps", Need::kOptional);
  if (!values) return steps;
  if (values->size() > limits.steps_max) {
    const YamlValue& first_over = (*values)[limits.steps_max];
    problems.add(first_over.line(), first_over.path,
                 fmt::format("{} steps, at most {} are allowed", values->size(), limits.steps_max));
    return steps;
  }
  for (const YamlValue& value : *values) steps.push_back(read_step(value, problems));
  check_dependencies(steps, problems);
  return steps;
}

model::TaskTemplate read_template(const YamlValue& root, const TemplateLimits& limits,
                                  ProblemList& problems) {
  model::TaskTemplate body;
  const FieldReader fields(root, kTemplateFields, problems);
  if (!fields.is_mapping()) return body;
  body.name = fields.name("name", Need::kRequired, kNameLengthMax).value_or("");
  body.namespace_name = read_namespace(fields, problems);
  body.version = read_version(fields, problems);
  body.description = fields.string("description", Need::kNullable);
  body.default_context_json = fields.object_json("default_context", Need::kOptional).value_or("{}");
  if (const auto schema = fields.find("input_schema", Need::kNullable)) {
    body.input_schema_json = read_json_schema(*schema, problems);
  }
  std::vector<StepInText> steps = read_steps(fields, limits, problems);
  body.carried_json = read_carried(fields, steps, problems);
  body.steps.reserve(steps.size());
  for (StepInText& step : steps) body.steps.push_back(std::move(step.step));
  return body;
}

}  // namespace

TemplateReport read_template_yaml(std::string_view text, const TemplateLimits& limits) {
  TemplateReport report;
  ProblemList problems(limits.ignores_unknown_fields);
  if (const auto tree = YamlTree::parse(text, limits, problems)) {
    model::TaskTemplate body = read_template({&tree->root(), ""}, limits, problems);
    if (problems.empty()) report.body = std::move(body);
  }
  report.ignored = problems.take_unknown_fields();
  report.problems = problems.take();
  return report;
}

base::Error template_error(const TemplateReport& report, std::string_view source) {
  base::Error error{base::ErrorCode::kINVALID_TEMPLATE, ""};
  for (const TemplateProblem& problem : report.problems) {
    if (!error.message.empty()) error.message += '\n';
    error.message += source;
    if (problem.line > 0) error.message += fmt::format(":{}", problem.line);
    if (!problem.field.empty()) error.message += ": " + problem.field;
    error.message += ": " + problem.reason;
  }
  if (!report.problems.empty()) error.field = report.problems.front().field;
  return error;
}

}  // namespace tasker::engine
