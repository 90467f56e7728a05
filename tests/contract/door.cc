#include "tests/contract/door.h"

#include <fstream>
#include <iterator>
#include <utility>

namespace tasker::contract {

std::string yaml_argument(const JsonValue& argument, const Captures& captures) {
  const JsonValue* const file = argument.find("$yaml");
  if (file == nullptr) return resolved(argument, captures).text;
  const auto folder = captures.find("vectors");
  std::ifstream stream(folder->second.text + "/templates/" + file->text + ".yaml");
  return {std::istreambuf_iterator<char>(stream), {}};
}

TextArgument config_argument(const JsonValue& argument, const JsonValue& given,
                             const Captures& captures) {
  if (argument.find("$text") != nullptr || !argument.is(JsonValue::Kind::kObject))
    return json_argument(argument, captures);
  JsonValue config = given;
  for (const auto& [name, value] : argument.members) config.set(name, value);
  return json_argument(config, captures);
}

}  // namespace tasker::contract
