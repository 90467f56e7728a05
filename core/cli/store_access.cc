#include "core/cli/store_access.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/base/logger.h"

namespace tasker::cli {
namespace {

using base::ErrorCode;
using base::fail;

constexpr std::size_t kUuidPartMin = 6;
constexpr std::size_t kUuidTextSize = 36;
constexpr std::uint32_t kSearchedTasksMax = 10'000;
constexpr std::uint32_t kSearchPage = 1'000;

bool is_uuid_part(std::string_view text) {
  return text.size() >= kUuidPartMin && text.size() < kUuidTextSize &&
         text.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
}

}  // namespace

base::Result<std::unique_ptr<store::Store>> open_store(const Context& context,
                                                       store::sqlite::OpenMode mode) {
  auto opened =
      store::sqlite::open({.path = context.store_path, .mode = mode, .check_integrity = false},
                          base::make_null_logger());
  if (!opened && opened.error().code == ErrorCode::kNOT_FOUND) {
    return fail(ErrorCode::kSTORE_UNAVAILABLE,
                fmt::format("store {} does not exist", base::shown(context.store_path)), "--store",
                opened.error().detail);
  }
  if (!opened && opened.error().code == ErrorCode::kINVALID_ARGUMENT) {  // such as a folder
    opened.error().code = ErrorCode::kSTORE_UNAVAILABLE;
    opened.error().field = "--store";
  }
  return opened;
}

base::Result<base::Uuid> find_task_uuid(store::Reader& reader, std::string_view text) {
  if (const auto uuid = base::parse_uuid(text)) return *uuid;
  std::string part(text);
  std::transform(part.begin(), part.end(), part.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (!is_uuid_part(part)) {
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("{} is not a task's UUID; a UUID, or 6 or more characters of its "
                            "beginning or end, is expected",
                            base::shown(text)),
                "UUID");
  }
  std::optional<base::Uuid> found;
  store::TaskFilter filter;
  filter.limit = kSearchPage;
  for (std::uint32_t offset = 0; offset < kSearchedTasksMax; offset += kSearchPage) {
    filter.offset = offset;
    const auto page = reader.list_tasks(filter);
    if (!page) return fail(page.error());
    for (const auto& task : page->tasks) {
      const std::string candidate = task.header.uuid.text();
      if (!candidate.starts_with(part) && !candidate.ends_with(part)) continue;
      if (found && *found != task.header.uuid) {
        return fail(ErrorCode::kINVALID_ARGUMENT,
                    fmt::format("{} names several tasks, {} and {} among them; more characters of "
                                "one UUID are expected",
                                part, found->text(), candidate),
                    "UUID");
      }
      found = task.header.uuid;
    }
    if (page->tasks.size() < kSearchPage) break;
  }
  if (found) return *found;
  return fail(ErrorCode::kNOT_FOUND,
              fmt::format("none of the newest {} tasks has a UUID that begins or ends with {}",
                          kSearchedTasksMax, part),
              "UUID");
}

base::Result<bool> has_live_worker(store::Reader& reader, std::int64_t now_us) {
  const auto workers = reader.list_workers();
  if (!workers) return fail(workers.error());
  return std::any_of(workers->begin(), workers->end(), [&](const store::WorkerRecord& worker) {
    return worker.info.lease_expires_at_us > now_us;
  });
}

}  // namespace tasker::cli
