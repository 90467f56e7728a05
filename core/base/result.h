// Result<T>: a value or an Error. The one place that knows which `expected` is used.
#pragma once

#include <tl/expected.hpp>
#include <utility>

#include "core/base/error.h"

namespace tasker::base {

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

using Status = Result<void>;

/// `return fail(ErrorCode::kNOT_FOUND, "…")` in any function that returns a Result.
inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string field = {},
                                  std::string detail = {}) {
  return tl::unexpected<Error>(
      Error{code, std::move(message), std::move(field), std::move(detail)});
}

inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace tasker::base
