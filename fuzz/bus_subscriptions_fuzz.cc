// tasker_bus_subscribe: a pattern and options, separated by a line end.
#include "fuzz/rig.h"
#include "fuzz/target.h"

namespace fuzz = tasker::fuzz;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::BusRig& rig = fuzz::bus_rig();
  const auto texts = fuzz::lines_of(fuzz::text_of(data, size), 2);
  const std::string& pattern = texts[0];
  const std::string& options = texts[1];
  std::uint64_t subscription = 0;
  tasker_error* error = nullptr;
  const tasker_status status =
      fuzz::settle(tasker_bus_subscribe(rig.worker(), rig.bus(), pattern.data(), pattern.size(),
                                        options.empty() ? nullptr : options.data(), options.size(),
                                        &subscription, &error),
                   error,
                   {TASKER_ERR_INVALID_JSON, TASKER_ERR_INVALID_ARGUMENT, TASKER_ERR_TOO_LARGE,
                    TASKER_ERR_NOT_FOUND, TASKER_ERR_FULL});
  if (status != TASKER_OK) return 0;
  if (!options.empty()) fuzz::require_json(options, "options that were taken");
  tasker_buffer shown = TASKER_BUFFER_INIT;
  fuzz::settle(tasker_bus_get_subscription(rig.worker(), rig.bus(), subscription, &shown, &error),
               error, {});
  fuzz::require(fuzz::json_at(fuzz::take_json(shown), "/pattern") == pattern,
                "a subscription to another pattern");
  fuzz::settle(tasker_bus_unsubscribe(rig.worker(), rig.bus(), subscription, &error), error, {});
  rig.count_use();
  return 0;
}
