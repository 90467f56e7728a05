// JSON Schema (draft 7) for what people declare about their data.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace tasker::base {

/// Where a document breaks its schema: `items[0].weight`, empty for the document as a whole.
struct SchemaMismatch {
  std::string path;
  std::string reason;
};

/// A schema that was compiled once. Cheap to copy. Threads: any.
class JsonSchema {
 public:
  static constexpr std::size_t kMismatchesMax = 10;

  /// `text` is a JSON object. INVALID_JSON, TOO_LARGE; INVALID_ARGUMENT when it is no schema: a
  /// keyword with a value of the wrong kind, a pattern that is no regular expression (as Pattern
  /// has them), a `$ref` that leads out of the schema or to nothing, and schemas that refer to
  /// themselves without going into the document. The error's field is the place in the schema where
  /// it is known.
  static Result<JsonSchema> compile(std::string_view text);

  /// Empty when `text` fits, else the first mismatches, the innermost first. A text that is no JSON
  /// fits no schema, nor does one in which to search for a pattern takes too long. Of `format`s
  /// those that has_format() knows are checked.
  std::vector<SchemaMismatch> validate(std::string_view text) const;

 private:
  struct Compiled;
  explicit JsonSchema(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}

  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace tasker::base
