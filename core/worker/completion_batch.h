// Several completions in one JSON text.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/base/json.h"
#include "core/base/result.h"
#include "core/worker/worker.h"

namespace tasker::worker {

inline constexpr std::size_t kCompletionsMax = 4'096;

/// Completes the elements of `[{"event_id":…,"result":{…}}, …]`, each for itself. Returns a JSON
/// array of `{"index":…,"event_id":…,"error":{…}}` of those that were not taken, empty text when
/// all were. INVALID_JSON, TOO_LARGE, INVALID_ARGUMENT: the array can not be read, nothing was
/// taken.
base::Result<std::string> complete_step_events_json(Worker& worker, std::string_view json);
/// The same, with whatever completes one event: an attachment.
using CompleteOne = std::function<base::Status(const base::Uuid&, base::JsonText)>;
base::Result<std::string> complete_step_events_json(const CompleteOne& complete,
                                                    std::string_view json);

}  // namespace tasker::worker
