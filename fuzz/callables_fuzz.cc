// tasker_worker_register_handlers: any list of names, on a worker that claims.
#include <memory>

#include "fuzz/rig.h"
#include "fuzz/target.h"

namespace fuzz = tasker::fuzz;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::folder();  // made before the rig, so that it is removed after it
  static std::unique_ptr<fuzz::Rig> rig;
  if (rig == nullptr || rig->is_worn()) {
    rig.reset();
    rig = std::make_unique<fuzz::Rig>(true);
  }
  const std::string_view names = fuzz::text_of(data, size);
  tasker_error* error = nullptr;
  fuzz::settle(tasker_worker_register_handlers(rig->worker(), names.data(), names.size(), &error),
               error, {TASKER_ERR_INVALID_JSON, TASKER_ERR_INVALID_ARGUMENT, TASKER_ERR_TOO_LARGE});
  // Names are kept, and each new one makes the next registration longer.
  rig->count_use(16);
  return 0;
}
