// Several completions in one JSON text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/base/uuid.h"

namespace tasker::c {

inline constexpr std::size_t kCompletionsMax = 4'096;

/// An element: what it completes, or why it could not be read.
struct CompletionText {
  std::string event_id;  ///< as given; empty when it was not there
  base::Result<base::Uuid> id;
  std::string_view result_json;  ///< borrows from the text
};

/// The elements of `[{"event_id":…,"result":{…}}, …]`. INVALID_JSON, TOO_LARGE, INVALID_ARGUMENT.
base::Result<std::vector<CompletionText>> read_completions(std::string_view json);

}  // namespace tasker::c
