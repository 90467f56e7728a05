// JSON documents and requests that both doors give and take in the same words.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/logger.h"
#include "core/base/result.h"
#include "core/engine/template_yaml.h"
#include "core/store/store.h"
#include "core/worker/worker.h"

namespace tasker::worker {

/// `{"task_uuid":…,"duplicate":…}`, or `{"error":{…}}`.
std::string created_task_json(const base::Result<CreatedTask>& created);

/// Reads a JSON array of task requests and creates what could be read; `on_done` gets a JSON array
/// of created_task_json in the same order. It is called once, from a core thread or from inside the
/// call, unless the array itself is refused: INVALID_JSON, INVALID_ARGUMENT, TOO_LARGE.
base::Status create_tasks_from_json(Worker& worker, std::string_view requests_json,
                                    std::function<void(std::string)> on_done);

/// Appends a notice: `{"kind":"abort","event_id":…,"reason":…}`, `{"kind":"refused","event_id":…}`,
/// `{"kind":"failed","error":{…}}` or `{"kind":"detached","attachment":…,"held":…}`.
void append_notice_json(std::string& out, const Notice& notice);
/// JSON array of UUIDs.
std::string event_ids_json(std::span<const base::Uuid> ids);

/// Checks a template in YAML and stores it: `{"namespace","name","version","revision","changed"}`.
/// INVALID_TEMPLATE with all problems.
base::Result<std::string> put_template_yaml(Worker& worker, std::string_view yaml);

/// `{"ok":…,"problems":[{"line","field","reason"}],"template":{…}|null}`.
std::string template_report_json(const engine::TemplateReport& report);

/// Writes a line of the caller's. `fields_json` is a checked JSON object, or empty; its members
/// become fields of the line, `component` says where the line comes from (`handler` when left out).
void write_log_line(base::Logger& logger, base::LogLevel level, std::string_view message,
                    std::string_view fields_json);

}  // namespace tasker::worker
