// A door as the vectors see it: calls by their flat names, values in and out.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "tests/contract/json_value.h"
#include "tests/contract/vector_values.h"

namespace tasker::contract {

/// The code that a door gave with a refusal, and the field when it told one.
struct Refusal {
  std::string code;
  std::string field = {};
};

struct Answer {
  JsonValue value;
  std::optional<Refusal> refusal;
};

/// What a vector finds when it begins.
struct Given {
  bool running = true;
  std::string store_path;
  JsonValue config = JsonValue::object();  ///< complete: `store_path` too
  std::vector<std::string> templates;      ///< YAML
  std::vector<JsonValue> tasks;            ///< complete requests
};

/// Threads: one. Destroying it ends the worker.
class Door {
 public:
  virtual ~Door() = default;

  /// Stores templates and tasks and starts the worker. The ids of the tasks, in their order.
  virtual base::Result<std::vector<std::string>> begin(const Given& given) = 0;
  /// An error when this door has no such call.
  virtual base::Result<Answer> call(std::string_view name, const std::vector<JsonValue>& arguments,
                                    const Captures& captures) = 0;
};

std::unique_ptr<Door> make_flat_door();
std::unique_ptr<Door> make_handle_door();

/// The text of an argument that is a template: a string, `$string` or `$yaml`.
std::string yaml_argument(const JsonValue& argument, const Captures& captures);

/// `argument` of bootstrap_worker over what is given.
TextArgument config_argument(const JsonValue& argument, const JsonValue& given,
                             const Captures& captures);

}  // namespace tasker::contract
