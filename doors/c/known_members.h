// The members of a JSON object that somebody knows what to do with.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace tasker::c {

/// Members of an object in the order in which their names came first; of two with one name the last
/// one counts, as with the JSON readers of the contract.
struct Members {
  std::vector<std::pair<std::string, std::string>> known;  ///< name and value as written
  std::vector<std::string> unknown;                        ///< names

  /// Null when it is not there.
  const std::string* find(std::string_view name) const;
  void remove(std::string_view name);
  /// Sets the member, in place or at the end.
  void set(std::string_view name, std::string value);
  std::string to_json() const;
};

/// INVALID_JSON, TOO_LARGE when `json` is no object.
base::Result<Members> read_members(std::string_view json, const char* name,
                                   const std::vector<std::string_view>& known);

}  // namespace tasker::c
