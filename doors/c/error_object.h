// What a tasker_error* names.
#pragma once

#include <string>

#include "core/base/error.h"

namespace tasker::c {

/// Constant once made. Threads: any.
struct ErrorObject {
  explicit ErrorObject(const base::Error& from)
      : code(from.code), message(from.message), field(from.field), json(from.to_json()) {}

  const base::ErrorCode code;
  const std::string message;
  const std::string field;
  const std::string json;
};

}  // namespace tasker::c
