// Stored templates as JSON documents.
#include <utility>

#include "core/model/template_json.h"
#include "core/worker/client.h"
#include "core/worker/json_writer.h"

namespace tasker::worker {
namespace {

void append_key_members(JsonObject& object, const store::StoredTemplate& stored) {
  object.uuid("template_uuid", stored.uuid);
  object.text("namespace", stored.body.namespace_name);
  object.text("name", stored.body.name);
  object.text("version", stored.body.version);
  object.number("revision", stored.revision);
  object.time("created_at", stored.created_at_us, TimeSpelling::kTaskResponse);
  object.text_or_null("description", stored.body.description);
}

}  // namespace

base::Result<std::string> template_list_json(store::Reader& reader) {
  const auto templates = reader.list_templates();
  if (!templates) return base::fail(templates.error());
  std::string out;
  append_json_array(out, *templates, [&](const store::StoredTemplate& stored) {
    JsonObject object(out);
    append_key_members(object, stored);
    object.number("step_count", stored.body.steps.size());
    object.name("handlers");
    append_json_array(out, stored.body.steps, [&](const model::StepTemplate& step) {
      base::append_json_string(out, step.handler.callable);
    });
    object.close();
  });
  return out;
}

base::Result<std::string> template_json(store::Reader& reader, std::string_view namespace_name,
                                        std::string_view name, std::string_view version) {
  const auto stored = reader.find_template(namespace_name, name, version);
  if (!stored) return base::fail(stored.error());
  std::string out;
  JsonObject object(out);
  append_key_members(object, *stored);
  object.raw("template", model::template_to_json(stored->body));
  object.close();
  return out;
}

}  // namespace tasker::worker
