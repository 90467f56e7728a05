// tasker_worker_subscribe_domain_events: any subscription. One that is taken can be ended and
// forgotten by the name in it.
#include "fuzz/rig.h"
#include "fuzz/target.h"

namespace fuzz = tasker::fuzz;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Rig& rig = fuzz::idle_rig();
  const std::string_view subscription = fuzz::text_of(data, size);
  tasker_error* error = nullptr;
  const tasker_status status = fuzz::settle(
      tasker_worker_subscribe_domain_events(rig.worker(), subscription.data(), subscription.size(),
                                            &error),
      error, {TASKER_ERR_INVALID_JSON, TASKER_ERR_INVALID_ARGUMENT, TASKER_ERR_TOO_LARGE});
  if (status != TASKER_OK) return 0;
  fuzz::require_json(subscription, "a subscription that was taken");
  rig.count_use(10);
  const std::string name = fuzz::json_at(subscription, "/subscriber");
  fuzz::settle(
      tasker_worker_unsubscribe_domain_events(rig.worker(), name.data(), name.size(), &error),
      error, {});
  fuzz::settle(tasker_worker_remove_subscriber(rig.worker(), name.data(), name.size(), &error),
               error, {});
  return 0;
}
