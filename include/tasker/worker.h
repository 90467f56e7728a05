/*
 * A worker: opening it, running its steps, news of it without polling, its status, its end.
 */
#ifndef TASKER_WORKER_H_
#define TASKER_WORKER_H_

#include "common.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------ opening */

/** A worker: claims steps from its store, hands them out, records what came of them. */
typedef struct tasker_worker tasker_worker;

/** Called once when the library lets go of a `user_data`; the library never touches it again. */
typedef void (*tasker_finalizer)(void* user_data);

#define TASKER_LOG_TRACE 0
#define TASKER_LOG_DEBUG 1
#define TASKER_LOG_INFO 2
#define TASKER_LOG_WARN 3
#define TASKER_LOG_ERROR 4

/** One log line. Everything in it lives during the call only. */
typedef struct tasker_log_record {
  uint32_t struct_size;
  int32_t level;       /**< TASKER_LOG_… */
  const char* message; /**< constant text, NUL-terminated */
  const char* fields;  /**< JSON object of the data, NUL-terminated */
} tasker_log_record;

/**
 * Receives log lines, from any thread of the library, one at a time for each worker. Must return
 * soon and may not call a function that takes the same worker.
 */
typedef void (*tasker_log_callback)(void* user_data, const tasker_log_record* record);

/** How a worker is opened besides its configuration. */
typedef struct tasker_worker_options {
  uint32_t struct_size;
  uint32_t reserved;          /**< 0 */
  tasker_log_callback on_log; /**< NULL: one line for each event to stderr */
  void* log_user_data;
  tasker_finalizer log_finalizer; /**< NULL is allowed; also called when the open fails */
} tasker_worker_options;

#define TASKER_WORKER_OPTIONS_INIT \
  { sizeof(tasker_worker_options), 0, NULL, NULL, NULL }

/**
 * Opens the store and registers a worker in it, which claims nothing until tasker_worker_start.
 * Blocks while the store is opened, migrated and checked.
 *
 * @param config_json  object of settings, over TASKER_… variables, over defaults; NULL: none.
 *                     Shape: contract/schema/config.json
 * @param options      NULL: TASKER_WORKER_OPTIONS_INIT
 * @param out_worker   close it with tasker_worker_close
 * @return TASKER_OK; INVALID_CONFIG (no JSON, or the error names the key); UNSUPPORTED;
 *         FORKED when the process that this one was forked from had the store open then; a STORE_…
 *         status
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_open(const char* config_json, size_t config_bytes,
                                            const tasker_worker_options* options,
                                            tasker_worker** out_worker, tasker_error** out_error);

/**
 * Ends a worker at once: what it claimed and did not complete goes back to the store, its threads
 * are joined, the handle is dead. Calls that wait in it return CLOSED first. Blocks until the store
 * is closed; drain first to end in good order.
 *
 * @param worker  NULL is allowed and does nothing
 * @return TASKER_OK; CLOSED when it was closed before; INVALID_STATE inside a callback of the same
 *         worker
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_close(tasker_worker* worker, tasker_error** out_error);

/* ------------------------------------------------------------------------------ running steps */

/**
 * Names the handlers whose steps the worker takes, and where they run.
 *
 * @param callables_json  JSON array of names, each of 1 to 500 bytes, and of objects
 *                        `{"name","executor":"main"|"threads"|"process","max_concurrent":1..100000,
 *                        "deadline_ms":1..86400000,"why"}`, of which all but the name may be left
 *                        out: main, no limit beside the executor's room, the worker's
 *                        `handler_timeout_ms`. `why` it runs there is for people, at most 1000
 *                        bytes: `tasker worker list` shows it. A name alone keeps what is known of
 * it, else it runs on main; an object replaces what was said of its name before
 * @return TASKER_OK; INVALID_JSON; INVALID_ARGUMENT, TOO_LARGE (the field is `callables[i]` and the
 *         member)
 * @since 1 stable     @source docs/guides/executors.md
 */
TASKER_API tasker_status tasker_worker_register_handlers(tasker_worker* worker,
                                                         const char* callables_json,
                                                         size_t callables_bytes,
                                                         tasker_error** out_error);

/**
 * Makes the worker take the steps of every handler, also of templates that come later.
 * @return TASKER_OK
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_register_all_handlers(tasker_worker* worker,
                                                             tasker_error** out_error);

/**
 * Begins to claim.
 * @return TASKER_OK; INVALID_STATE when it was started before
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_start(tasker_worker* worker, tasker_error** out_error);

/**
 * Takes up to `max_events` step events of the executor `main`. Waits until one is ready,
 * `timeout_ms` has passed, or no more will come. The deadline of a step runs from here on.
 *
 * @param max_events  1..4096
 * @param timeout_ms  0..60000 milliseconds; 0 returns at once
 * @param out_events  JSON array, each element of the shape contract/schema/step_event.json
 * @return TASKER_OK (also for an empty array); DRAINING (no more events will come)
 * @thread any, several at once; blocks with timeout_ms > 0, so not from an event loop then
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API tasker_status tasker_worker_poll_step_events(tasker_worker* worker, uint32_t max_events,
                                                        uint32_t timeout_ms,
                                                        tasker_buffer* out_events,
                                                        tasker_error** out_error);

/**
 * As tasker_worker_poll_step_events without waiting, into the caller's memory: one call, nothing to
 * release. As many events as fit are taken, the others stay.
 *
 * @param buffer    receives the JSON array, no NUL after it
 * @param capacity  bytes of `buffer`, at least 2
 * @param out_size  bytes written, 2 (`[]`) when none waits; with TOO_LARGE the capacity that the
 *                  next event needs
 * @return TASKER_OK; TOO_LARGE when the next event alone does not fit, it stays; DRAINING
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_poll_step_events_into(tasker_worker* worker,
                                                             uint32_t max_events, char* buffer,
                                                             size_t capacity, size_t* out_size,
                                                             tasker_error** out_error);

/**
 * Completes a step event with a result document. TASKER_OK: it will be recorded, unless the step
 * has moved on meanwhile (then a `refused` notice follows).
 *
 * @param event_id     UUID text, 36 bytes
 * @param result_json  shape contract/schema/step_result.json
 * @return TASKER_OK; UNKNOWN_EVENT (never dispatched here, or completed before); FENCED (timed out,
 *         cancelled or lost: the event is gone); INVALID_JSON, TOO_LARGE, INVALID_ARGUMENT (the
 *         event stays open); FULL (it stays open)
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API tasker_status tasker_worker_complete_step_event(
    tasker_worker* worker, const char* event_id, size_t event_id_bytes, const char* result_json,
    size_t result_bytes, tasker_error** out_error);

/** One element of tasker_worker_complete_step_events. */
typedef struct tasker_completion {
  const char* event_id; /**< UUID text */
  size_t event_id_bytes;
  const char* result_json;
  size_t result_bytes;
} tasker_completion;

/**
 * Completes several step events; each has its own outcome.
 *
 * @param completions   `count` elements, borrowed for the call
 * @param count         0..4096
 * @param out_statuses  `count` statuses as of tasker_worker_complete_step_event, written whatever
 *                      is returned but for INVALID_ARGUMENT of these parameters; NULL is allowed
 * @return TASKER_OK when all were taken; else the first status that was not TASKER_OK, its error
 *         with the field `completions[i]`; those after it were tried too
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_complete_step_events(tasker_worker* worker,
                                                            const tasker_completion* completions,
                                                            size_t count,
                                                            tasker_status* out_statuses,
                                                            tasker_error** out_error);

/**
 * The same from one text, for callers that build strings faster than structs.
 *
 * @param completions_json  JSON array of up to 4096 `{"event_id":…,"result":{…}}`
 * @param out_refusals      JSON array of `{"index":…,"event_id":…,"error":{…}}` for those that were
 *                          not taken; empty (NULL, 0) when all were; written with TASKER_OK
 * @return TASKER_OK when the array could be read, whatever came of its elements; INVALID_JSON,
 *         INVALID_ARGUMENT: nothing was taken
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_complete_step_events_json(tasker_worker* worker,
                                                                 const char* completions_json,
                                                                 size_t completions_bytes,
                                                                 tasker_buffer* out_refusals,
                                                                 tasker_error** out_error);

/**
 * Stores how far a running step has got and dispatches it again under a new event id, with the same
 * attempt. Blocks until the checkpoint is durable.
 *
 * @param checkpoint_json   shape contract/schema/checkpoint.json
 * @param out_new_event_id  37 bytes for the continuation's event id and a NUL; NULL is allowed
 * @return as tasker_worker_complete_step_event; a STORE_… status when it could not be stored: the
 *         attempt has then failed, retryably, with the error type `checkpoint_error`
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API tasker_status tasker_worker_checkpoint_step_event(
    tasker_worker* worker, const char* event_id, size_t event_id_bytes, const char* checkpoint_json,
    size_t checkpoint_bytes, char* out_new_event_id, tasker_error** out_error);

/**
 * The same without blocking; the reply's result is the new event id as a JSON string.
 * @param out_request  number that the reply in tasker_worker_poll_replies will carry
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_checkpoint_step_event_begin(
    tasker_worker* worker, const char* event_id, size_t event_id_bytes, const char* checkpoint_json,
    size_t checkpoint_bytes, uint64_t* out_request, tasker_error** out_error);

/* ----------------------------------------------------------------------- news without polling */

/**
 * Told when step events, notices, domain events or replies wait. Coalesced: after a call the next
 * one comes only once polls have found the queues empty. It runs on a thread that the library keeps
 * for this worker's wake-ups alone, so it may block, and it may call any function but
 * tasker_worker_close and tasker_worker_set_wakeup of the same worker (INVALID_STATE).
 */
typedef void (*tasker_wakeup_callback)(void* user_data);

/**
 * Sets what is told of news; replaces the last one, whose finalizer is called before this returns.
 *
 * @param on_wakeup  NULL removes it
 * @param user_data  handed to both functions
 * @param finalizer  NULL is allowed; called exactly once, also when this call fails
 * @return TASKER_OK; INVALID_STATE inside the callback
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_set_wakeup(tasker_worker* worker,
                                                  tasker_wakeup_callback on_wakeup, void* user_data,
                                                  tasker_finalizer finalizer,
                                                  tasker_error** out_error);

/**
 * A descriptor that is readable while news may wait, for poll(2), epoll(7) and event loops. Polls
 * keep it up to date: it stays readable until every queue that news has come for was polled empty,
 * so poll step events, notices, replies and kept domain events when it is. The caller neither reads
 * nor closes it. It lives until the worker is closed.
 *
 * @param out_fd  an eventfd
 * @return TASKER_OK; TOO_LARGE when the process has no descriptor left
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_event_fd(tasker_worker* worker, int32_t* out_fd,
                                                tasker_error** out_error);

/**
 * Waits until news is there or `timeout_ms` has passed.
 *
 * @param timeout_ms  0..60000 milliseconds
 * @return TASKER_OK when there may be news; TIMED_OUT; DRAINING (no more step events will come, and
 *         nothing else waits)
 * @thread any; blocks
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_wait(tasker_worker* worker, uint32_t timeout_ms,
                                            tasker_error** out_error);

/**
 * Takes up to `max_notices` notices: `abort` (stop a handler), `refused` (a completion came too
 * late), `failed` (the worker has stopped by itself).
 *
 * @param max_notices  1..4096
 * @param out_notices  JSON array, shape contract/schema/notice.json; empty (NULL, 0) when none
 *                     waits
 * @return TASKER_OK
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_poll_notices(tasker_worker* worker, uint32_t max_notices,
                                                    tasker_buffer* out_notices,
                                                    tasker_error** out_error);

/**
 * Keeps domain events for tasker_worker_poll_domain_events from now on, the newest 2000; before
 * this call none are kept.
 * @return TASKER_OK
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_keep_domain_events(tasker_worker* worker,
                                                          tasker_error** out_error);

/**
 * Takes up to `max_events` domain events of this process (delivery `fast` and `broadcast`).
 *
 * @param max_events  1..4096
 * @param out_events  JSON array, shape contract/schema/domain_event.json; empty (NULL, 0) when none
 *                    waits
 * @return TASKER_OK
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API tasker_status tasker_worker_poll_domain_events(tasker_worker* worker,
                                                          uint32_t max_events,
                                                          tasker_buffer* out_events,
                                                          tasker_error** out_error);

/* ------------------------------------------------------------------------------------- status */

/**
 * State, settings and counts of a worker.
 * @param out_status  JSON object
 * @return TASKER_OK
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_get_status(tasker_worker* worker, tasker_buffer* out_status,
                                                  tasker_error** out_error);

/**
 * Counts and latency histograms by handler and outcome.
 * @param out_metrics  JSON object
 * @return TASKER_OK
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_get_metrics(tasker_worker* worker,
                                                   tasker_buffer* out_metrics,
                                                   tasker_error** out_error);

/**
 * Counts of the dispatch channel.
 * @param out_metrics  shape contract/schema/dispatch_metrics.json
 * @return TASKER_OK
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API tasker_status tasker_worker_get_dispatch_metrics(tasker_worker* worker,
                                                            tasker_buffer* out_metrics,
                                                            tasker_error** out_error);

/**
 * Logs one warning for each event that runs longer than 10 s and was not reported before.
 * @return TASKER_OK
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_check_starvation_warnings(tasker_worker* worker,
                                                                 tasker_error** out_error);

/* ------------------------------------------------------------------------------------ the end */

/**
 * Stops claiming, hands back what was not started, waits for the running handlers, records what
 * they complete. Handlers that still run after `timeout_ms` get an `abort` notice and their steps
 * are handed back, which costs no attempt.
 *
 * @param timeout_ms       0..3600000 milliseconds
 * @param out_handed_back  how many steps were handed back; NULL is allowed
 * @return TASKER_OK; INVALID_STATE unless the worker runs
 * @thread any; blocks
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_drain(tasker_worker* worker, uint32_t timeout_ms,
                                             uint32_t* out_handed_back, tasker_error** out_error);

/**
 * The same without blocking; the reply's result is the number of steps.
 * @param out_request  number that the reply in tasker_worker_poll_replies will carry
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_drain_begin(tasker_worker* worker, uint32_t timeout_ms,
                                                   uint64_t* out_request, tasker_error** out_error);

/**
 * Does without blocking what takes time in tasker_worker_close: stops the worker and closes its
 * store. The reply's result is null; tasker_worker_close then returns at once.
 * @param out_request  number that the reply in tasker_worker_poll_replies will carry
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_stop_begin(tasker_worker* worker, uint64_t* out_request,
                                                  tasker_error** out_error);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* TASKER_WORKER_H_ */
