// Running steps: polls, completions, checkpoints.
#include "doors/c/call.h"
#include "doors/c/steps.h"
#include "doors/c/worker_object.h"

using tasker::c::call;
using tasker::c::Use;
using tasker::worker::Executor;

tasker_status tasker_worker_poll_step_events(tasker_worker* worker, uint32_t max_events,
                                             uint32_t timeout_ms, tasker_buffer* out_events,
                                             tasker_error** out_error) {
  return call(worker, out_error, [&](const Use& used) {
    return tasker::c::poll_steps(*used, {Executor::kMain, max_events, timeout_ms}, out_events);
  });
}

tasker_status tasker_worker_poll_step_events_into(tasker_worker* worker, uint32_t max_events,
                                                  char* buffer, size_t capacity, size_t* out_size,
                                                  tasker_error** out_error) {
  return call(worker, out_error, [&](const Use& used) {
    return tasker::c::poll_steps_into(*used, {Executor::kMain, max_events, 0},
                                      {buffer, capacity, out_size});
  });
}

tasker_status tasker_worker_complete_step_event(tasker_worker* worker, const char* event_id,
                                                size_t event_id_bytes, const char* result_json,
                                                size_t result_bytes, tasker_error** out_error) {
  return call(worker, out_error, [&](const Use& used) {
    return tasker::c::complete_one(*used, {event_id, event_id_bytes, result_json, result_bytes});
  });
}

tasker_status tasker_worker_complete_step_events(tasker_worker* worker,
                                                 const tasker_completion* completions, size_t count,
                                                 tasker_status* out_statuses,
                                                 tasker_error** out_error) {
  return call(worker, out_error, [&](const Use& used) {
    return tasker::c::complete_all(*used, completions, count, out_statuses);
  });
}

tasker_status tasker_worker_complete_step_events_json(tasker_worker* worker,
                                                      const char* completions_json,
                                                      size_t completions_bytes,
                                                      tasker_buffer* out_refusals,
                                                      tasker_error** out_error) {
  return call(worker, out_error, [&](const Use& used) {
    return tasker::c::complete_json(*used, completions_json, completions_bytes, out_refusals);
  });
}

// NOLINTNEXTLINE(readability-function-size): the parameters are the interface
tasker_status tasker_worker_checkpoint_step_event(tasker_worker* worker, const char* event_id,
                                                  size_t event_id_bytes,
                                                  const char* checkpoint_json,
                                                  size_t checkpoint_bytes, char* out_new_event_id,
                                                  tasker_error** out_error) {
  return call(worker, out_error, [&](const Use& used) {
    return tasker::c::checkpoint(used.shared(),
                                 {event_id, event_id_bytes, checkpoint_json, checkpoint_bytes},
                                 out_new_event_id);
  });
}

// NOLINTNEXTLINE(readability-function-size): the parameters are the interface
tasker_status tasker_worker_checkpoint_step_event_begin(
    tasker_worker* worker, const char* event_id, size_t event_id_bytes, const char* checkpoint_json,
    size_t checkpoint_bytes, uint64_t* out_request, tasker_error** out_error) {
  return call(worker, out_error, [&](const Use& used) {
    return tasker::c::begin_checkpoint(
        *used, {event_id, event_id_bytes, checkpoint_json, checkpoint_bytes}, out_request);
  });
}
