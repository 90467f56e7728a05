// The bodies of the functions that a worker and an attachment both have: arguments checked, results
// in the caller's form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/base/result.h"
#include "core/worker/executor.h"
#include "doors/c/news.h"
#include "doors/c/steps_object.h"
#include "include/tasker/tasker.h"

namespace tasker::c {

base::Result<worker::Executor> executor_argument(std::int32_t executor);

/// What a poll asks for.
struct Wanted {
  worker::Executor executor;
  std::uint32_t max_events;
  std::uint32_t timeout_ms;
};

/// Memory of the caller's.
struct Target {
  char* data;
  std::size_t capacity;
  std::size_t* out_size;
};

base::Status poll_steps(StepsObject& object, const Wanted& wanted, tasker_buffer* out_events);
base::Status poll_steps_into(StepsObject& object, const Wanted& wanted, const Target& target);

base::Status complete_one(StepsObject& object, const tasker_completion& completion);
base::Status complete_all(StepsObject& object, const tasker_completion* completions,
                          std::size_t count, tasker_status* out_statuses);
base::Status complete_json(StepsObject& object, const char* completions_json, std::size_t bytes,
                           tasker_buffer* out_refusals);

/// The texts of a checkpoint call.
struct CheckpointTexts {
  const char* event_id;
  std::size_t event_id_bytes;
  const char* json;
  std::size_t bytes;
};

base::Status checkpoint(const std::shared_ptr<StepsObject>& object, const CheckpointTexts& texts,
                        char* out_event_id);
base::Status begin_checkpoint(StepsObject& object, const CheckpointTexts& texts,
                              std::uint64_t* out_request);

base::Status hand_back(StepsObject& object, const char* event_ids_json, std::size_t bytes,
                       std::uint32_t* out_handed_back);

base::Status poll_notices(StepsObject& object, std::uint32_t max, tasker_buffer* out);
base::Status poll_replies(StepsObject& object, std::uint32_t max, tasker_buffer* out);

base::Status set_wakeup(StepsObject& object, Wakeup& wakeup);
base::Status event_descriptor(StepsObject& object, std::int32_t* out_fd);
base::Status wait_for_news(StepsObject& object, std::uint32_t timeout_ms);

}  // namespace tasker::c
