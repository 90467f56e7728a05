// tasker_check_template and tasker_worker_put_template: any YAML. Both judge alike, and storing the
// same again changes nothing.
#include "fuzz/rig.h"
#include "fuzz/target.h"

namespace fuzz = tasker::fuzz;

namespace {

std::string put(fuzz::Rig& rig, std::string_view yaml, bool is_sound) {
  tasker_buffer stored = TASKER_BUFFER_INIT;
  tasker_error* error = nullptr;
  const tasker_status status = fuzz::settle(
      tasker_worker_put_template(rig.worker(), yaml.data(), yaml.size(), &stored, &error), error,
      {TASKER_ERR_INVALID_TEMPLATE, TASKER_ERR_UNSUPPORTED, TASKER_ERR_TOO_LARGE});
  rig.count_use();
  fuzz::require(is_sound || status != TASKER_OK, "a template with problems was stored");
  fuzz::require(!is_sound || status != TASKER_ERR_INVALID_TEMPLATE, "a sound template was refused");
  return status == TASKER_OK ? fuzz::take_json(stored) : std::string();
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Rig& rig = fuzz::idle_rig();
  const std::string_view yaml = fuzz::text_of(data, size);
  tasker_buffer checked = TASKER_BUFFER_INIT;
  tasker_error* error = nullptr;
  const tasker_status status =
      fuzz::settle(tasker_check_template(yaml.data(), yaml.size(), &checked, &error), error,
                   {TASKER_ERR_TOO_LARGE, TASKER_ERR_INVALID_ARGUMENT});
  fuzz::require(status != TASKER_ERR_INVALID_ARGUMENT || size == 0, "a text was refused unread");
  if (status != TASKER_OK) return 0;
  const std::string report = fuzz::take_json(checked);
  const bool is_sound = fuzz::json_at(report, "/ok") == "true";
  const bool has_problem = !fuzz::json_at(report, "/problems/0").empty();
  fuzz::require(is_sound != has_problem, "a report that contradicts itself");
  fuzz::require(is_sound == (fuzz::json_at(report, "/template").substr(0, 1) == "{"),
                "a sound template without its content");
  if (put(rig, yaml, is_sound).empty()) return 0;
  const std::string again = put(rig, yaml, is_sound);
  fuzz::require(fuzz::json_at(again, "/changed") == "false", "the same template is a new revision");
  return 0;
}
