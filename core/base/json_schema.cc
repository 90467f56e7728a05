#include "core/base/json_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "core/base/json.h"
#include "core/base/json_schema_check.h"

namespace tasker::base {

using nlohmann::json;
using valijson::adapters::NlohmannJsonAdapter;

namespace {

// A list of all mismatches of a larger document could be many times its size.
constexpr std::size_t kListedBytesMax = 256U << 10;

json parse(std::string_view text) { return json::parse(text, nullptr, false); }

bool has_long_text(const json& value) {
  if (value.is_string())
    return value.get_ref<const std::string&>().size() > JsonSchema::kMatchedBytesMax;
  if (value.is_array()) return std::any_of(value.begin(), value.end(), has_long_text);
  if (!value.is_object()) return false;
  for (const auto& [name, member] : value.items())
    if (name.size() > JsonSchema::kMatchedBytesMax || has_long_text(member)) return true;
  return false;
}

/// `<root>`, `[items]`, `[0]`, `[weight]` as `items[0].weight`.
std::string path_of(const std::vector<std::string>& context) {
  std::string path;
  for (std::size_t i = 1; i < context.size(); ++i) {
    std::string_view part = context[i];
    if (part.starts_with('[') && part.ends_with(']')) part = part.substr(1, part.size() - 2);
    const bool is_index = !part.empty() && std::all_of(part.begin(), part.end(),
                                                       [](char c) { return c >= '0' && c <= '9'; });
    if (is_index)
      path += fmt::format("[{}]", part);
    else
      path += fmt::format("{}{}", path.empty() ? "" : ".", part);
  }
  return path;
}

}  // namespace

struct JsonSchema::Compiled {
  valijson::Schema schema;
  bool matches_text = false;
};

Result<JsonSchema> JsonSchema::compile(std::string_view text) {
  constexpr std::string_view kField = "schema";
  if (auto checked = check_json_object(text, kField); !checked) return fail(checked.error());
  const json document = parse(text);
  if (document.is_discarded())
    return fail(ErrorCode::kINVALID_JSON,
                "schema has a number or a half of a surrogate pair that can not be read",
                std::string(kField));
  auto traits = check_schema(document);
  if (!traits) return fail(traits.error());
  auto compiled = std::make_shared<Compiled>();
  compiled->matches_text = traits->matches_text;
  try {
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    const NlohmannJsonAdapter adapter(document);
    parser.populateSchema(adapter, compiled->schema);
  } catch (const std::exception& error) {
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("the schema can not be used: {}", shown(error.what())));
  }
  return JsonSchema(std::move(compiled));
}

std::vector<SchemaMismatch> JsonSchema::validate(std::string_view text) const {
  const json document = parse(text);
  if (document.is_discarded())
    return {
        {"", "is not JSON, or has a number or a half of a surrogate pair that can not be read"}};
  if (compiled_->matches_text && has_long_text(document))
    return {{"", fmt::format("has a string over {} bytes, which is not matched against patterns",
                             kMatchedBytesMax)}};
  try {
    const NlohmannJsonAdapter adapter(document);
    if (valijson::Validator().validate(compiled_->schema, adapter, nullptr)) return {};
    std::vector<SchemaMismatch> mismatches;
    if (text.size() <= kListedBytesMax) {
      valijson::ValidationResults results;
      valijson::Validator().validate(compiled_->schema, adapter, &results);
      valijson::ValidationResults::Error error;
      while (mismatches.size() < kMismatchesMax && results.popError(error))
        mismatches.push_back({path_of(error.context), error.description});
    }
    if (mismatches.empty()) mismatches.push_back({"", "does not fit the schema"});
    return mismatches;
  } catch (const std::exception& error) {
    return {{"", fmt::format("can not be checked: {}", shown(error.what()))}};
  }
}

}  // namespace tasker::base
