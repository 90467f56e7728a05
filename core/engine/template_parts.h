// The parts of a task template's YAML, one reader each. Private to template_yaml.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/engine/yaml_reader.h"
#include "core/model/task_template.h"

namespace tasker::engine {

/// A name and where it stands.
struct NameInText {
  std::string name;
  int line = 0;
  std::string path;
};

/// A step with the places that checks across steps report.
struct StepInText {
  model::StepTemplate step;
  bool is_named = false;  ///< `name` was there and fits
  int name_line = 0;
  std::string path;
  int dependencies_line = 0;
  std::vector<NameInText> dependencies;
};

// Section 5.2 to 5.4, 5.7 and 5.8 of the contract. What does not fit is reported and left at its
// default.
StepInText read_step(const YamlValue& value, ProblemList& problems);
model::HandlerSpec read_handler(const YamlValue& value, ProblemList& problems);
model::RetryPolicy read_retry(const YamlValue& value, ProblemList& problems);
model::PublishedEvent read_published_event(const YamlValue& value, ProblemList& problems);
model::BatchConfig read_batch_config(const YamlValue& value, ProblemList& problems);

/// Reports duplicate names, unknown, doubled and self dependencies, and cycles. Fills in the
/// `dependencies` of each step.
void check_dependencies(std::vector<StepInText>& steps, ProblemList& problems);

/// Section 5.1, 5.5 and 5.6: the members that the core carries but does not read, as one JSON
/// object. `steps` are those that an environment may name.
std::string read_carried(const FieldReader& fields, const std::vector<StepInText>& steps,
                         ProblemList& problems);

/// A mapping that can be a JSON Schema: the keywords that the specification defines have values of
/// the right kind, at every level. Its JSON text, or nullopt after reporting.
std::optional<std::string> read_json_schema(const YamlValue& value, ProblemList& problems);

}  // namespace tasker::engine
