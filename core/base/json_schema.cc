#include "core/base/json_schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <new>
#include <utility>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>

#include "core/base/json.h"
#include "core/base/json_schema_check.h"
#include "core/base/json_schema_text.h"

namespace tasker::base {

using nlohmann::json;
using valijson::adapters::NlohmannJsonAdapter;

namespace {

// A list of all mismatches of a larger document could be many times its size.
constexpr std::size_t kListedBytesMax = 256U << 10;

json parse(std::string_view text) { return json::parse(text, nullptr, false); }

/// `<root>`, `[items]`, `[0]`, `[weight]` as `items[0].weight`.
std::string path_of(const ValuePath& context) {
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

/// One validation: of `document` against `schema`, into `results` if there are any.
bool fits(const json& document, const valijson::Schema& schema, const PatternMap& patterns,
          valijson::ValidationResults* results) {
  PatternSearch search(patterns);
  valijson::ValidationVisitor<NlohmannJsonAdapter> visitor(
      NlohmannJsonAdapter(document), {"<root>"}, /*strictTypes=*/true, results, search);
  return visitor.validateSchema(schema);
}

}  // namespace

struct JsonSchema::Compiled {
  valijson::Schema schema;
  PatternMap patterns;
};

Result<JsonSchema> JsonSchema::compile(std::string_view text) {
  constexpr std::string_view kField = "schema";
  if (auto checked = check_json_object(text, kField); !checked) return fail(checked.error());
  json document = parse(text);
  if (document.is_discarded())
    return fail(ErrorCode::kINVALID_JSON,
                "schema has a number or a half of a surrogate pair that can not be read",
                std::string(kField));
  auto patterns = prepare_schema(document);
  if (!patterns) return fail(patterns.error());
  auto compiled = std::make_shared<Compiled>();
  compiled->patterns = std::move(*patterns);
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
  try {
    if (fits(document, compiled_->schema, compiled_->patterns, nullptr)) return {};
    std::vector<SchemaMismatch> mismatches;
    if (text.size() <= kListedBytesMax) {
      valijson::ValidationResults results;
      fits(document, compiled_->schema, compiled_->patterns, &results);
      valijson::ValidationResults::Error error;
      while (mismatches.size() < kMismatchesMax && results.popError(error))
        mismatches.push_back({path_of(error.context), error.description});
    }
    if (mismatches.empty()) mismatches.push_back({"", "does not fit the schema"});
    return mismatches;
  } catch (const SearchGivenUp& given_up) {
    return {{path_of(given_up.where()), given_up.what()}};
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    return {{"", fmt::format("can not be checked: {}", shown(error.what()))}};
  }
}

}  // namespace tasker::base
