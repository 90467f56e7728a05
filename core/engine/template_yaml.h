// A task template from its YAML text: parsed, checked, and refused with line, field and reason.
// Knows nothing of files or stores.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/model/task_template.h"

namespace tasker::engine {

struct TemplateLimits {
  std::size_t bytes_max = 1U << 20;
  std::uint32_t steps_max = 5000;
  std::uint32_t depth_max = 64;
  std::uint32_t nodes_max = 200'000;  ///< YAML nodes after aliases are expanded
  /// Fields that no rule knows are passed over, as the worker contract (section 5) has it, and
  /// reported as such. Else they are problems, since a misspelt one changes what runs.
  bool ignores_unknown_fields = false;
};

struct TemplateProblem {
  int line = 0;        ///< 1-based; 0 when the text has no such place
  std::string field;   ///< such as `steps[2].retry.backoff`
  std::string reason;  ///< what is wrong, with the value, and what was expected
};

struct TemplateReport {
  std::optional<model::TaskTemplate> body;  ///< set exactly when problems is empty
  std::vector<TemplateProblem> problems;    ///< in the order of the text, all that were found
  std::vector<TemplateProblem> ignored;     ///< fields that were passed over, in that order
};

/// Reads one template. Every rule of the contract's section 5 is checked, and what it leaves
/// unchecked too: cycles, unknown fields, duplicate keys, duplicate steps, alias bombs. Never
/// throws.
TemplateReport read_template_yaml(std::string_view text, const TemplateLimits& limits = {});

/// The problems of a report as one error: INVALID_TEMPLATE, `source:line: field: reason` for each,
/// one a line.
base::Error template_error(const TemplateReport& report, std::string_view source);

}  // namespace tasker::engine
