// tasker_bus_register_event, tasker_bus_publish, tasker_bus_publish_begin: a name, a schema and a
// payload, separated by line ends. What is published comes to a subscriber as it was given.
#include "fuzz/rig.h"
#include "fuzz/target.h"

namespace fuzz = tasker::fuzz;

namespace {

void publish(const fuzz::BusRig& rig, const std::string& name, const std::string& payload) {
  tasker_error* error = nullptr;
  const tasker_status at_once =
      fuzz::settle(tasker_bus_publish(rig.worker(), rig.bus(), name.data(), name.size(),
                                      payload.data(), payload.size(), &error),
                   error,
                   {TASKER_ERR_NOT_FOUND, TASKER_ERR_INVALID_JSON, TASKER_ERR_INVALID_ARGUMENT,
                    TASKER_ERR_TOO_LARGE});
  std::uint64_t request = 1;
  const tasker_status begun =
      fuzz::settle(tasker_bus_publish_begin(rig.worker(), rig.bus(), name.data(), name.size(),
                                            payload.data(), payload.size(), 1, &request, &error),
                   error);
  fuzz::require(begun == at_once, "the two ways to publish have two outcomes");
  if (at_once != TASKER_OK) return;
  fuzz::require_json(payload, "a payload that was published");
  fuzz::require(request == 0, "a publish waits although nobody makes it");
  tasker_buffer events = TASKER_BUFFER_INIT;
  fuzz::settle(tasker_bus_poll(rig.worker(), rig.bus(), 4096, rig.subscription(), &events, &error),
               error, {});
  const std::string list = fuzz::take_json(events);
  fuzz::require(fuzz::json_at(list, "/1/event") == name, "the events are not those published");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::BusRig& rig = fuzz::bus_rig();
  const auto texts = fuzz::lines_of(fuzz::text_of(data, size), 3);
  const std::string& name = texts[0];
  const std::string& schema = texts[1];
  tasker_error* error = nullptr;
  const tasker_status status = fuzz::settle(
      tasker_bus_register_event(rig.worker(), rig.bus(), name.data(), name.size(),
                                schema.empty() ? nullptr : schema.data(), schema.size(), &error),
      error,
      {TASKER_ERR_INVALID_JSON, TASKER_ERR_INVALID_ARGUMENT, TASKER_ERR_TOO_LARGE,
       TASKER_ERR_INVALID_STATE, TASKER_ERR_FULL});
  if (status == TASKER_OK) {
    if (!schema.empty()) fuzz::require_json(schema, "a schema that was taken");
    rig.count_use(20);
  }
  publish(rig, name, texts[2]);
  return 0;
}
