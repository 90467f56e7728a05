// The shapes of contract/schema as checks: the keywords that those files use, all of them together
// because they refer to each other.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "tests/contract/json_value.h"

namespace tasker::contract {

/// Threads: any, once it is loaded.
class SchemaSet {
 public:
  /// Reads every file of `folder`. A keyword that is not known here is an error, not passed over.
  static base::Result<SchemaSet> load(const std::string& folder);

  /// Why `value` is not of the shape, or an empty text. `shape` is a file's name without its end;
  /// with `[]` after it an array of them.
  std::string mismatch(std::string_view shape, const JsonValue& value) const;

 private:
  struct Place {
    const JsonValue* schema = nullptr;
    std::string file;  ///< where its own references begin
  };
  std::string check(const Place& place, const JsonValue& value, const std::string& path) const;
  std::string check_keyword(const Place& place, std::string_view keyword, const JsonValue& rule,
                            const JsonValue& value, const std::string& path) const;
  std::string check_array(std::string_view keyword, const JsonValue& rule, const JsonValue& value,
                          const std::string& path) const;
  std::string check_string(std::string_view keyword, const JsonValue& rule, const JsonValue& value,
                           const std::string& path) const;
  std::string check_object(const Place& place, const JsonValue& value,
                           const std::string& path) const;
  Place resolve(const Place& from, std::string_view reference) const;

  std::map<std::string, JsonValue, std::less<>> files_;
};

}  // namespace tasker::contract
