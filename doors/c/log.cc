// Lines of the caller's through the library's own logger.
#include <simdjson.h>

#include "core/base/json.h"
#include "core/worker/door_documents.h"
#include "doors/c/arguments.h"
#include "doors/c/guard.h"
#include "doors/c/handle_table.h"
#include "doors/c/process_log.h"

namespace tasker::c {
namespace {

using base::fail;
using base::Status;

Status log(std::int32_t level, std::string_view message, std::string_view fields_json) {
  if (level < TASKER_LOG_TRACE || level > TASKER_LOG_ERROR)
    return fail(base::ErrorCode::kINVALID_ARGUMENT,
                "level is " + std::to_string(level) +
                    "; expected TASKER_LOG_TRACE to "
                    "TASKER_LOG_ERROR",
                "level");
  if (!simdjson::validate_utf8(message.data(), message.size()))
    return fail(base::ErrorCode::kINVALID_ARGUMENT, "message is not UTF-8", "message");
  if (!fields_json.empty())
    if (auto checked = base::check_json_object(fields_json, "fields_json"); !checked)
      return checked;
  const auto logger = HandleTable::here().log().get();
  const auto wanted = static_cast<base::LogLevel>(level);
  if (logger->enabled(wanted)) worker::write_log_line(*logger, wanted, message, fields_json);
  return {};
}

}  // namespace
}  // namespace tasker::c

tasker_status tasker_log(int32_t level, const char* message, size_t message_bytes,
                         const char* fields_json, size_t fields_bytes, tasker_error** out_error) {
  return tasker::c::guard(out_error, [&]() -> tasker::base::Status {
    const auto text = tasker::c::required_text(message, message_bytes, "message");
    if (!text) return tasker::base::fail(text.error());
    const auto fields = tasker::c::text_argument(fields_json, fields_bytes, "fields_json");
    if (!fields) return tasker::base::fail(fields.error());
    return tasker::c::log(level, *text, *fields);
  });
}
