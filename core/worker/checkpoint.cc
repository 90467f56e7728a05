#include "core/worker/checkpoint.h"

#include <fmt/format.h>

#include <utility>

#include "core/base/json.h"
#include "core/worker/json_members.h"
#include "core/worker/json_writer.h"

namespace tasker::worker {
namespace {

using base::fail;
using base::Result;

/// The member, which may be null; INVALID_ARGUMENT when it is missing.
Result<const JsonMember*> require(const JsonMembers& members, std::string_view name,
                                  std::string_view expected) {
  if (const JsonMember* const member = members.find_or_null(name)) return member;
  return fail(base::ErrorCode::kINVALID_ARGUMENT,
              fmt::format("{} is missing; {} is expected", name, expected), std::string(name));
}

}  // namespace

Result<CheckpointRequest> read_checkpoint(std::string_view document, std::size_t bytes_max) {
  constexpr std::string_view kField = "checkpoint_json";
  if (auto checked = base::check_json_object(document, kField, {.bytes_max = bytes_max}); !checked)
    return fail(std::move(checked.error()));
  auto members = JsonMembers::read_checked(
      document, {}, {"step_uuid", "cursor", "items_processed", "accumulated_results"},
      Unknown::kIgnored);
  if (!members) return fail(std::move(members.error()));

  CheckpointRequest request;
  auto step = require(*members, "step_uuid", "a UUID of 36 characters");
  if (!step) return fail(std::move(step.error()));
  auto step_uuid = (*step)->as_uuid();
  if (!step_uuid) return fail(std::move(step_uuid.error()));
  request.step_uuid = *step_uuid;

  auto cursor = require(*members, "cursor", "a JSON value");
  if (!cursor) return fail(std::move(cursor.error()));
  request.cursor_json = (*cursor)->json;

  auto items = require(*members, "items_processed", "an integer from 0 to 18446744073709551615");
  if (!items) return fail(std::move(items.error()));
  auto items_processed = (*items)->as_unsigned();
  if (!items_processed) return fail(std::move(items_processed.error()));
  request.items_processed = *items_processed;

  if (const JsonMember* const results = members->find("accumulated_results"))
    request.accumulated_json = results->json;
  return request;
}

std::string continuation_checkpoint_json(const CheckpointRequest& checkpoint) {
  std::string out;
  JsonObject object(out);
  object.uuid("step_uuid", checkpoint.step_uuid);
  object.raw("cursor", checkpoint.cursor_json);
  object.number("items_processed", checkpoint.items_processed);
  object.raw("accumulated_results", checkpoint.accumulated_json);
  object.close();
  return out;
}

std::string stored_checkpoint_json(const store::CheckpointRecord& checkpoint) {
  constexpr TimeSpelling kTimes = TimeSpelling::kTaskResponse;
  std::string out;
  JsonObject object(out);
  object.raw("cursor", checkpoint.cursor_json);
  object.number("items_processed", checkpoint.items_processed);
  object.time("timestamp", checkpoint.stored_at_us, kTimes);
  object.raw("accumulated_results", checkpoint.accumulated_json);
  object.name("history");
  append_json_array(out, checkpoint.history, [&](const store::CheckpointMark& mark) {
    JsonObject entry(out);
    entry.raw("cursor", mark.cursor_json);
    entry.time("timestamp", mark.stored_at_us, kTimes);
    entry.close();
  });
  object.close();
  return out;
}

}  // namespace tasker::worker
