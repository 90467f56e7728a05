#include "core/worker/door_documents.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/json.h"
#include "core/model/template_json.h"
#include "core/worker/json_writer.h"
#include "core/worker/task_requests.h"

namespace tasker::worker {

using base::fail;
using base::Result;
using base::Status;

std::string created_task_json(const Result<CreatedTask>& created) {
  if (!created) return fmt::format(R"({{"error":{}}})", created.error().to_json());
  return fmt::format(R"({{"task_uuid":"{}","duplicate":{}}})", created->uuid.text(),
                     created->duplicate);
}

Status create_tasks_from_json(Worker& worker, std::string_view requests_json,
                              std::function<void(std::string)> on_done) {
  auto read = read_task_requests(requests_json);
  if (!read) return fail(read.error());
  // What cannot be read keeps its place among the answers; the rest is created.
  std::vector<TaskRequest> requests;
  std::vector<std::string> answers(read->size());
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < read->size(); ++i) {
    if ((*read)[i]) {
      requests.push_back(std::move(*(*read)[i]));
      places.push_back(i);
    } else {
      answers[i] = created_task_json(fail((*read)[i].error()));
    }
  }
  worker.create_tasks(
      std::move(requests), [places = std::move(places), answers = std::move(answers),
                            on_done = std::move(on_done)](auto created) mutable {
        for (std::size_t k = 0; k < places.size(); ++k)
          answers[places[k]] = created_task_json(created[k]);
        std::string out;
        append_json_array(out, answers, [&](const std::string& answer) { out += answer; });
        on_done(std::move(out));
      });
  return {};
}

std::string event_ids_json(std::span<const base::Uuid> ids) {
  std::string out;
  append_json_array(out, ids, [&](const base::Uuid& id) {
    out += '"';
    id.append_to(out);
    out += '"';
  });
  return out;
}

void append_notice_json(std::string& out, const Notice& notice) {
  JsonObject object(out);
  switch (notice.kind) {
    case Notice::Kind::kAbort:
      object.text("kind", "abort");
      object.uuid("event_id", notice.event_id);
      object.text("reason", abort_reason_name(notice.reason));
      break;
    case Notice::Kind::kRefused:
      object.text("kind", "refused");
      object.uuid("event_id", notice.event_id);
      break;
    case Notice::Kind::kFailed:
      object.text("kind", "failed");
      object.raw("error", notice.error_json);
      break;
    case Notice::Kind::kDetached:
      object.text("kind", "detached");
      object.number("attachment", notice.attachment);
      object.number("held", notice.held);
      break;
  }
  object.close();
}

Result<std::string> put_template_yaml(Worker& worker, std::string_view yaml) {
  const auto report = engine::read_template_yaml(yaml);
  if (!report.body) return fail(engine::template_error(report, "template"));
  const auto put = worker.put_template(*report.body);
  if (!put) return fail(put.error());
  std::string out;
  JsonObject object(out);
  object.text("namespace", put->stored.body.namespace_name);
  object.text("name", put->stored.body.name);
  object.text("version", put->stored.body.version);
  object.number("revision", put->stored.revision);
  object.flag("changed", put->changed);
  object.close();
  return out;
}

std::string template_report_json(const engine::TemplateReport& report) {
  std::string out;
  JsonObject object(out);
  object.flag("ok", report.body.has_value());
  object.name("problems");
  append_json_array(out, report.problems, [&](const engine::TemplateProblem& problem) {
    JsonObject one(out);
    one.number("line", problem.line);
    one.text("field", problem.field);
    one.text("reason", problem.reason);
    one.close();
  });
  object.raw("template", report.body ? model::template_to_json(*report.body) : std::string());
  object.close();
  return out;
}

namespace {

base::LogField read_log_field(std::string_view name, simdjson::ondemand::value value) {
  std::int64_t integer = 0;
  double number = 0;
  bool truth = false;
  std::string_view text;
  if (value.get_string().get(text) == simdjson::SUCCESS) return {name, text};
  if (value.get_int64().get(integer) == simdjson::SUCCESS) return {name, integer};
  if (value.get_double().get(number) == simdjson::SUCCESS) return {name, number};
  if (value.get_bool().get(truth) == simdjson::SUCCESS) return {name, truth};
  // null, numbers beyond double and what is not a scalar: as they are written.
  if (simdjson::to_json_string(value).get(text) != simdjson::SUCCESS) text = "?";
  return {name, text};
}

}  // namespace

void write_log_line(base::Logger& logger, base::LogLevel level, std::string_view message,
                    std::string_view fields_json) {
  std::vector<base::LogField> fields;
  std::string_view component = "handler";
  const simdjson::padded_string json(fields_json.empty() ? std::string_view("{}") : fields_json);
  simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  simdjson::ondemand::object object;
  if (parser.iterate(json).get(document) == simdjson::SUCCESS &&
      document.get_object().get(object) == simdjson::SUCCESS) {
    for (auto member : object) {
      std::string_view name;
      simdjson::ondemand::value value;
      if (member.unescaped_key().get(name) != simdjson::SUCCESS ||
          member.value().get(value) != simdjson::SUCCESS)
        break;
      const base::LogField field = read_log_field(name, value);
      const auto* text = std::get_if<std::string_view>(&field.value);
      if (name == "component" && text)
        component = *text;
      else
        fields.push_back(field);
    }
  }
  logger.write(level, component, message, fields);
}

}  // namespace tasker::worker
