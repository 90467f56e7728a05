// tasker_worker_open: any configuration. What was opened tells its status and closes.
#include "fuzz/rig.h"
#include "fuzz/target.h"

namespace fuzz = tasker::fuzz;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string config = fuzz::tame_paths(fuzz::text_of(data, size));
  tasker_worker* worker = nullptr;
  tasker_error* error = nullptr;
  const tasker_status status = fuzz::settle(
      tasker_worker_open(config.data(), config.size(), nullptr, &worker, &error), error,
      {TASKER_ERR_INVALID_ARGUMENT, TASKER_ERR_INVALID_JSON, TASKER_ERR_INVALID_CONFIG,
       TASKER_ERR_UNSUPPORTED, TASKER_ERR_TOO_LARGE, TASKER_ERR_STORE_UNAVAILABLE,
       TASKER_ERR_STORE_CORRUPT});
  if (status == TASKER_OK) {
    tasker_buffer shown = TASKER_BUFFER_INIT;
    fuzz::settle(tasker_worker_get_status(worker, &shown, &error), error, {});
    fuzz::require(!fuzz::take_json(shown).empty(), "an open worker has no status");
    fuzz::settle(tasker_worker_close(worker, &error), error, {});
    fuzz::settle(tasker_worker_close(worker, &error), error, {TASKER_ERR_CLOSED});
  } else {
    fuzz::require(worker == nullptr, "a failed open has given a worker");
  }
  fuzz::clear_folder();
  return 0;
}
