#include "core/cli/worker_display.h"

#include <fmt/format.h>

#include "core/base/json.h"
#include "core/cli/human.h"
#include "core/worker/json_writer.h"

namespace tasker::cli {

void append_worker_json(std::string& out, const store::WorkerRecord& record, std::int64_t now_us) {
  worker::JsonObject object(out);
  object.text("name", record.info.name);
  object.text("hostname", record.info.hostname);
  object.number("pid", record.info.pid);
  object.time("started_at", record.info.started_at_us, worker::TimeSpelling::kTaskResponse);
  object.time("lease_expires_at", record.info.lease_expires_at_us,
              worker::TimeSpelling::kTaskResponse);
  object.flag("lease_valid", record.info.lease_expires_at_us > now_us);
  // A damaged store must not make the whole document unreadable.
  const bool is_json = base::check_json(record.handlers_json, "handlers").has_value();
  object.raw("handlers", is_json ? std::string_view(record.handlers_json) : std::string_view());
  object.close();
}

Cell lease_cell(const store::WorkerRecord& record, std::int64_t now_us) {
  const bool valid = record.info.lease_expires_at_us > now_us;
  return {fmt::format("{} {}", valid ? "ends" : "lapsed",
                      age_text(now_us, record.info.lease_expires_at_us)),
          valid ? Paint::kGreen : Paint::kRed};
}

}  // namespace tasker::cli
