// Reads an object of a request member by member: scalars as values, payloads as the text they are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/uuid.h"

namespace tasker::worker {

/// A member whose value is checked JSON, `path` naming it in messages.
struct JsonMember {
  std::string_view name;  ///< one of the known names that the caller gave
  std::string json;       ///< the value as written, without white space around it
  std::string path;

  bool is_null() const { return json == "null"; }

  /// INVALID_ARGUMENT with the path, naming the value and `expected`.
  base::Error refusal(std::string_view expected) const;

  base::Result<std::string> as_string() const;
  base::Result<std::int64_t> as_integer(std::int64_t min, std::int64_t max) const;
  base::Result<std::uint64_t> as_unsigned() const;
  base::Result<base::Uuid> as_uuid() const;
  base::Result<std::string> as_object() const;
};

/// What to do with members that nobody asked for.
enum class Unknown : std::uint8_t {
  kRefused,  ///< an error with a hint at the nearest known one
  kIgnored,
};

/// The members of an object in their order. Names borrow from the list of known names.
class JsonMembers {
 public:
  /// Reads `json`, an object whose members are all in `known`, none of them twice. `field` is the
  /// object's own path, empty for the whole request. INVALID_JSON, TOO_LARGE, INVALID_ARGUMENT;
  static base::Result<JsonMembers> read(std::string_view json, std::string_view field,
                                        const std::vector<std::string_view>& known);
  /// As read, for an object that was checked before; `field` is the path of the members.
  static base::Result<JsonMembers> read_checked(std::string_view json, std::string_view field,
                                                const std::vector<std::string_view>& known,
                                                Unknown unknown);

  /// nullptr when the member is missing or null: null stands for "not given".
  const JsonMember* find(std::string_view name) const;
  /// nullptr when the member is missing; null is a value.
  const JsonMember* find_or_null(std::string_view name) const;

 private:
  base::Status add(std::string_view name, std::string_view json, std::string_view field,
                   const std::vector<std::string_view>& known, Unknown unknown);

  std::vector<JsonMember> members_;
};

/// `field.name`, or `name` alone below an empty field.
std::string member_path(std::string_view field, std::string_view name);

/// The text of the member `name` in a checked JSON object; nullopt when it has none.
std::optional<std::string> member_text(std::string_view object, std::string_view name);

}  // namespace tasker::worker
