/*
 * The C ABI of Tasker: durable multi-step work inside your own process.
 *
 * Size: one file on purpose, so that a binding generator reads one file. In order: conventions,
 * versions, statuses and errors, buffers, opening a worker, running steps, tasks and templates,
 * news without polling, the event bus, status, the end, logging. tasker.hpp is a C++ skin over it,
 * tasker_flat.h the flat names of an older contract.
 *
 * Conventions
 *
 * - Text in is a pointer and a size in bytes: UTF-8, borrowed for the call, no NUL needed. NULL is
 *   allowed where the parameter says so, or with size 0.
 * - Text out is a tasker_buffer that the caller owns and releases with tasker_buffer_destroy.
 * - Every fallible function returns a tasker_status and takes `tasker_error** out_error` last. That
 *   may be NULL. It is written only when the return value is not TASKER_OK; the caller then owns
 *   the error and releases it with tasker_error_destroy. All other outputs are written only on
 *   TASKER_OK, unless the function says otherwise.
 * - A tasker_worker* and a tasker_error* are handles, not addresses: never dereferenced, below
 *   2^53, never used twice. A stale or made-up one is answered with TASKER_ERR_CLOSED or
 *   TASKER_ERR_INVALID_ARGUMENT. After fork() the child gets TASKER_ERR_FORKED from its parent's
 *   handles and may open workers of its own.
 * - Threads: every function may be called from any thread, several at once, unless it says
 *   otherwise.
 * - Callbacks run on threads of the library, never inside one of its locks. One that is replaced or
 *   whose worker is closed is not called any more once that call has returned.
 * - No C++ exception leaves the library.
 * - INVALID_ARGUMENT (a null or stale pointer, a value out of its range), CLOSED, FORKED,
 *   TOO_LARGE (out of memory) and INTERNAL can come from every function that takes a worker; the
 *   outcomes listed at each function are in addition to these.
 * - A ..._begin function returns FULL when 65536 replies are outstanding, or 16 drains and stops.
 * - Structs that may grow begin with their size and have an ..._INIT value.
 */
#ifndef TASKER_TASKER_H_
#define TASKER_TASKER_H_

#include <stddef.h>
#include <stdint.h>

#if defined(TASKER_STATIC)
#define TASKER_API
#elif defined(__GNUC__)
#define TASKER_API __attribute__((visibility("default")))
#else
#define TASKER_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------- versions */

/** Number of this interface; the library's soname ends in it. */
#define TASKER_ABI_VERSION 1

/**
 * The number of the interface that the loaded library speaks. A loader compares it with
 * TASKER_ABI_VERSION before its first other call.
 * @since 1 stable
 */
TASKER_API uint32_t tasker_abi_version(void);

/**
 * Version of the library, `major.minor.patch`.
 * @return static text
 * @since 1 stable
 */
TASKER_API const char* tasker_version(void);

/* -------------------------------------------------------------------- statuses and errors */

/** Outcome of a call: TASKER_OK or a negative TASKER_ERR_ number (contract/errors.def). */
typedef int32_t tasker_status;

#define TASKER_OK 0
#define TASKER_ERR_INVALID_ARGUMENT (-1)
#define TASKER_ERR_INVALID_JSON (-2)
#define TASKER_ERR_INVALID_TEMPLATE (-3)
#define TASKER_ERR_INVALID_CONFIG (-4)
#define TASKER_ERR_INVALID_STATE (-5)
#define TASKER_ERR_TOO_LARGE (-6)
#define TASKER_ERR_NOT_FOUND (-7)
#define TASKER_ERR_ALREADY_EXISTS (-8)
#define TASKER_ERR_UNSUPPORTED (-9)
#define TASKER_ERR_UNKNOWN_EVENT (-10)
#define TASKER_ERR_FENCED (-11)
#define TASKER_ERR_CLOSED (-12)
#define TASKER_ERR_DRAINING (-13)
#define TASKER_ERR_FULL (-14)
#define TASKER_ERR_TIMED_OUT (-15)
#define TASKER_ERR_STORE_UNAVAILABLE (-16)
#define TASKER_ERR_STORE_READ_ONLY (-17)
#define TASKER_ERR_STORE_FULL (-18)
#define TASKER_ERR_STORE_CORRUPT (-19)
#define TASKER_ERR_STORE_SCHEMA_NEWER (-20)
#define TASKER_ERR_STORE_FAILED (-21)
#define TASKER_ERR_LEASE_LOST (-22)
#define TASKER_ERR_FORKED (-23)
#define TASKER_ERR_INTERNAL (-24)

/**
 * Name of a status as it stands in contract/errors.def, such as `FENCED`; `OK` for TASKER_OK,
 * `UNKNOWN` for a number that is none.
 * @return static text
 * @since 1 stable
 */
TASKER_API const char* tasker_status_name(tasker_status status);

/**
 * One-line meaning of a status.
 * @return static text
 * @since 1 stable
 */
TASKER_API const char* tasker_status_meaning(tasker_status status);

/** Why a call failed. Belongs to the caller; may be passed between threads. */
typedef struct tasker_error tasker_error;

/**
 * The status that came with the error.
 * @return TASKER_ERR_INVALID_ARGUMENT for NULL or a destroyed error
 * @since 1 stable
 */
TASKER_API tasker_status tasker_error_status(const tasker_error* error);

/**
 * One line: field, value and what was expected.
 * @return text that lives until the error is destroyed; never NULL, empty for a destroyed error
 * @since 1 stable
 */
TASKER_API const char* tasker_error_message(const tasker_error* error);

/**
 * Path of the input at fault, such as `steps[2].retry.backoff`; empty when there is none.
 * @return as tasker_error_message
 * @since 1 stable
 */
TASKER_API const char* tasker_error_field(const tasker_error* error);

/**
 * The whole error as JSON: `code`, `message`, `retryable`, and `field` and `detail` where there are
 * any. Shape: contract/schema/error.json.
 * @return as tasker_error_message
 * @since 1 stable
 */
TASKER_API const char* tasker_error_json(const tasker_error* error);

/**
 * Whether the same call may succeed later.
 * @return 1 or 0
 * @since 1 stable
 */
TASKER_API uint8_t tasker_error_retryable(const tasker_error* error);

/**
 * Releases an error.
 * @param error  NULL is allowed and does nothing
 * @return TASKER_OK; TASKER_ERR_CLOSED when it was destroyed before
 * @since 1 stable
 */
TASKER_API tasker_status tasker_error_destroy(tasker_error* error);

/* -------------------------------------------------------------------------------- buffers */

/** Text of the library's that the caller owns: `size` bytes of UTF-8, and a NUL after them. */
typedef struct tasker_buffer {
  char* data;
  size_t size;
} tasker_buffer;

#define TASKER_BUFFER_INIT \
  { NULL, 0 }

/**
 * Releases what a buffer holds and empties it, so that a second call does nothing.
 * @param buffer  NULL is allowed; only buffers that this library has filled, or empty ones
 * @since 1 stable
 */
TASKER_API void tasker_buffer_destroy(tasker_buffer* buffer);

/* --------------------------------------------------------------------------- opening */

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

/* ------------------------------------------------------------------------- running steps */

/**
 * Names the handlers whose steps the worker takes. Known names are kept.
 * @param callables_json  JSON array of names
 * @return TASKER_OK; INVALID_JSON
 * @since 1 stable
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
 * Takes up to `max_events` step events. Waits until one is ready, `timeout_ms` has passed, or no
 * more will come. The deadline of a step runs from here on.
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

/* --------------------------------------------------------------------- tasks and templates */

/**
 * Creates tasks in as few commits as possible. Blocks until they are durable.
 *
 * @param requests_json  JSON array of task requests, shape contract/schema/task_request.json
 * @param out_created    JSON array in the same order: `{"task_uuid":…,"duplicate":…}` or
 *                       `{"error":{…}}`
 * @return TASKER_OK when the array could be read; INVALID_JSON; INVALID_ARGUMENT
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_create_tasks(tasker_worker* worker,
                                                    const char* requests_json,
                                                    size_t requests_bytes,
                                                    tasker_buffer* out_created,
                                                    tasker_error** out_error);

/**
 * The same without blocking; the reply's result is that array.
 * @param out_request  number that the reply in tasker_worker_poll_replies will carry
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_create_tasks_begin(tasker_worker* worker,
                                                          const char* requests_json,
                                                          size_t requests_bytes,
                                                          uint64_t* out_request,
                                                          tasker_error** out_error);

/**
 * Waits until a task has ended, whichever process ends it.
 *
 * @param task_uuid   UUID text
 * @param timeout_ms  0..2147483647 milliseconds; 0 waits without a limit
 * @param out_state   name of the task's state as a JSON string, such as `"complete"`
 * @return TASKER_OK; NOT_FOUND; TIMED_OUT; CLOSED when the worker stops first
 * @thread any; blocks
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_wait_task(tasker_worker* worker, const char* task_uuid,
                                                 size_t task_uuid_bytes, uint32_t timeout_ms,
                                                 tasker_buffer* out_state,
                                                 tasker_error** out_error);

/**
 * The same without blocking; the reply's result is that string.
 * @param out_request  number that the reply in tasker_worker_poll_replies will carry
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_wait_task_begin(tasker_worker* worker, const char* task_uuid,
                                                       size_t task_uuid_bytes, uint32_t timeout_ms,
                                                       uint64_t* out_request,
                                                       tasker_error** out_error);

/**
 * Takes up to `max_replies` replies of the ..._begin functions, in the order of their ends; does
 * not wait.
 *
 * @param max_replies  1..4096
 * @param out_replies  JSON array of `{"request":…,"result":…}` or `{"request":…,"error":{…}}`;
 *                     empty (NULL, 0) when none waits
 * @return TASKER_OK
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_poll_replies(tasker_worker* worker, uint32_t max_replies,
                                                    tasker_buffer* out_replies,
                                                    tasker_error** out_error);

/**
 * A task with the state of its steps.
 * @param out_task  shape contract/schema/task.json
 * @return TASKER_OK; NOT_FOUND
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API tasker_status tasker_worker_get_task(tasker_worker* worker, const char* task_uuid,
                                                size_t task_uuid_bytes, tasker_buffer* out_task,
                                                tasker_error** out_error);

/**
 * Tasks, newest first, one page.
 * @param params_json  `{"limit","offset","namespace","status"}`; NULL: `{}`
 * @param out_tasks    `{"tasks":[…],"pagination":{…}}`
 * @return TASKER_OK; INVALID_JSON
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API tasker_status tasker_worker_list_tasks(tasker_worker* worker, const char* params_json,
                                                  size_t params_bytes, tasker_buffer* out_tasks,
                                                  tasker_error** out_error);

/**
 * The steps of a task.
 * @param out_steps  JSON array of the shape contract/schema/step.json
 * @return TASKER_OK; NOT_FOUND
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API tasker_status tasker_worker_list_task_steps(tasker_worker* worker, const char* task_uuid,
                                                       size_t task_uuid_bytes,
                                                       tasker_buffer* out_steps,
                                                       tasker_error** out_error);

/**
 * One step of a task.
 * @param out_step  shape contract/schema/step.json
 * @return TASKER_OK; NOT_FOUND
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API tasker_status tasker_worker_get_step(tasker_worker* worker, const char* task_uuid,
                                                size_t task_uuid_bytes, const char* step_uuid,
                                                size_t step_uuid_bytes, tasker_buffer* out_step,
                                                tasker_error** out_error);

/**
 * What became of each attempt of a step.
 * @param out_entries  JSON array
 * @return TASKER_OK; NOT_FOUND
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API tasker_status tasker_worker_get_step_audit_history(
    tasker_worker* worker, const char* task_uuid, size_t task_uuid_bytes, const char* step_uuid,
    size_t step_uuid_bytes, tasker_buffer* out_entries, tasker_error** out_error);

/**
 * Cancels a task and its unfinished steps. Running attempts are fenced off and get an `abort`
 * notice, in whatever process they run.
 * @return TASKER_OK; NOT_FOUND; INVALID_STATE when the task has ended
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_cancel_task(tasker_worker* worker, const char* task_uuid,
                                                   size_t task_uuid_bytes,
                                                   tasker_error** out_error);

/**
 * Gives each failed step of a blocked task a fresh set of attempts.
 * @param out_steps  how many steps were reset; NULL is allowed
 * @return TASKER_OK; NOT_FOUND; INVALID_STATE unless the task is blocked_by_failures or error
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_retry_task(tasker_worker* worker, const char* task_uuid,
                                                  size_t task_uuid_bytes, uint32_t* out_steps,
                                                  tasker_error** out_error);

/**
 * Checks a task template in YAML and stores it. The same content again changes nothing.
 * @param out_stored  `{"namespace","name","version","revision","changed"}`
 * @return TASKER_OK; INVALID_TEMPLATE (all problems, each with its line)
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_put_template(tasker_worker* worker, const char* yaml,
                                                    size_t yaml_bytes, tasker_buffer* out_stored,
                                                    tasker_error** out_error);

/**
 * The newest revision of each template.
 * @param out_templates  JSON array
 * @return TASKER_OK
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_list_templates(tasker_worker* worker,
                                                      tasker_buffer* out_templates,
                                                      tasker_error** out_error);

/**
 * Checks a task template in YAML; needs no worker.
 * @param out_report  `{"ok":…,"problems":[{"line","field","reason"}],"template":{…}|null}`
 * @return TASKER_OK, also for a template with problems
 * @since 1 stable
 */
TASKER_API tasker_status tasker_check_template(const char* yaml, size_t yaml_bytes,
                                               tasker_buffer* out_report, tasker_error** out_error);

/* -------------------------------------------------------------------- news without polling */

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

/* ------------------------------------------------------------------- durable domain events */

/**
 * Subscribes this worker to durable domain events (delivery `durable` and `broadcast`).
 *
 * The subscriber is registered in the store under its name. Of all workers that subscribe under one
 * name one gets its events, the others stand by. Events come at least once and in their order.
 *
 * @param subscription_json  shape contract/schema/event_subscription.json
 * @return TASKER_OK; INVALID_JSON; INVALID_ARGUMENT (the error names the field); INVALID_STATE when
 *         this worker has subscribed under the name already; DRAINING; CLOSED; STORE_…
 * @thread any; blocks for a commit
 * @since 1 stable     @source docs/guides/domain-events.md
 */
TASKER_API tasker_status tasker_worker_subscribe_domain_events(tasker_worker* worker,
                                                               const char* subscription_json,
                                                               size_t subscription_bytes,
                                                               tasker_error** out_error);

/**
 * Takes no more events for a subscriber here. What is out is revoked, costs no attempt and goes to
 * another worker, or to the next one that subscribes.
 *
 * @param subscriber  its name
 * @return TASKER_OK; NOT_FOUND when this worker has no such subscription; CLOSED
 * @thread any; blocks for a commit
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_unsubscribe_domain_events(tasker_worker* worker,
                                                                 const char* subscriber,
                                                                 size_t subscriber_bytes,
                                                                 tasker_error** out_error);

/**
 * Forgets a subscriber for good, with all that was to be delivered to it.
 *
 * @param subscriber  its name
 * @return TASKER_OK; NOT_FOUND; INVALID_STATE while a worker has a subscription of that name;
 * CLOSED
 * @thread any; blocks for a commit
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_remove_subscriber(tasker_worker* worker,
                                                         const char* subscriber,
                                                         size_t subscriber_bytes,
                                                         tasker_error** out_error);

/**
 * Takes up to `max_deliveries` durable domain events for this worker's subscribers; does not wait.
 * Each event is to be acknowledged or failed within the `timeout_ms` of its subscription.
 *
 * @param max_deliveries  1..4096
 * @param out_deliveries  JSON array, shape contract/schema/event_delivery.json; empty (NULL, 0)
 *                        when none waits
 * @return TASKER_OK
 * @since 1 stable     @source docs/guides/domain-events.md
 */
TASKER_API tasker_status tasker_worker_poll_deliveries(tasker_worker* worker,
                                                       uint32_t max_deliveries,
                                                       tasker_buffer* out_deliveries,
                                                       tasker_error** out_error);

/**
 * Says that an event has been dealt with: once that is committed, it will not come again.
 *
 * @param delivery_id  UUID text
 * @return TASKER_OK; UNKNOWN_EVENT when the delivery is not out (any more); CLOSED
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_acknowledge_delivery(tasker_worker* worker,
                                                            const char* delivery_id,
                                                            size_t delivery_id_bytes,
                                                            tasker_error** out_error);

/**
 * Says that an event could not be dealt with: it comes again after a back-off or, after the last
 * attempt, is dead.
 *
 * @param delivery_id   UUID text
 * @param failure_json  `{"message","error_type","retryable"}`, each may be left out; NULL: `{}`
 * @return as tasker_worker_acknowledge_delivery; INVALID_JSON, INVALID_ARGUMENT: it stays out
 * @since 1 stable
 */
TASKER_API tasker_status tasker_worker_fail_delivery(tasker_worker* worker, const char* delivery_id,
                                                     size_t delivery_id_bytes,
                                                     const char* failure_json, size_t failure_bytes,
                                                     tasker_error** out_error);

/* ------------------------------------------------------------------------------- event bus */

/**
 * Opens a port to the worker's event bus: subscriptions of its own, one wake-up for all of them.
 * Any number may be open; each thread or loop that listens has its own. Every transition of a task
 * or step is published on the bus (docs/guides/events.md), and what is published through any door
 * and thread of the process reaches all ports. Fleeting: what is not polled is gone with the port.
 *
 * @param out_bus  number of the port, for the functions below; never used twice by a worker
 * @return TASKER_OK; FULL when 65536 are open
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_bus_open(tasker_worker* worker, uint64_t* out_bus,
                                         tasker_error** out_error);

/**
 * Closes a port, its subscriptions with it; publishes of its that wait end. The worker's close does
 * so too.
 * @return TASKER_OK; NOT_FOUND; INVALID_STATE inside the port's wake-up
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_bus_close(tasker_worker* worker, uint64_t bus,
                                          tasker_error** out_error);

/**
 * Makes an event known. Only what is known can be published, or subscribed to by name.
 *
 * @param name         segments of letters, digits, `_` and `-`, separated by dots; up to 255 bytes
 * @param schema_json  JSON Schema of its payloads; NULL: any JSON is one. The same again is no
 *                     error
 * @return TASKER_OK; NOT_FOUND (the port); INVALID_JSON; INVALID_STATE (it has another schema);
 * FULL
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_bus_register_event(tasker_worker* worker, uint64_t bus,
                                                   const char* name, size_t name_bytes,
                                                   const char* schema_json, size_t schema_bytes,
                                                   tasker_error** out_error);

/**
 * The events that are known, by name.
 * @param out_events  JSON array of `{"name","schema","published","refused","filtered"}`
 * @return TASKER_OK; NOT_FOUND (the port)
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_bus_list_events(tasker_worker* worker, uint64_t bus,
                                                tasker_buffer* out_events,
                                                tasker_error** out_error);

/**
 * Publishes an event: when this returns, every queue has it or has lost it. Waits for queues that
 * are full and whose policy is to wait.
 *
 * @param payload_json  up to 1 MiB, of the event's schema
 * @return TASKER_OK, also when nobody listens; NOT_FOUND (the port or the event); INVALID_JSON;
 *         INVALID_ARGUMENT (the field is the place in the payload); TOO_LARGE
 * @thread any; may block
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_bus_publish(tasker_worker* worker, uint64_t bus, const char* name,
                                            size_t name_bytes, const char* payload_json,
                                            size_t payload_bytes, tasker_error** out_error);

/**
 * The same without waiting: what has to wait does so on a thread of the port's, in the order of the
 * calls.
 *
 * @param depth        how many listeners stand behind this publish: 1 outside of listeners; inside
 *                     one, one more than the `depth` of its event. Over 32: INVALID_STATE, since
 *                     listeners that publish in a circle would do so for ever
 * @param out_request  0 when all is done, else a number that tasker_bus_poll tells the end of
 * @return TASKER_OK; as tasker_bus_publish; FULL when 65536 publishes wait
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_bus_publish_begin(tasker_worker* worker, uint64_t bus,
                                                  const char* name, size_t name_bytes,
                                                  const char* payload_json, size_t payload_bytes,
                                                  uint32_t depth, uint64_t* out_request,
                                                  tasker_error** out_error);

/**
 * Subscribes a queue of this port to what a pattern chooses, also to events that become known
 * later.
 *
 * @param pattern           a name, or one with `*` as segments: `step.*`, `*`
 * @param options_json      NULL or `{"capacity":1..1048576,"policy":"wait"|"refuse"|"drop_oldest",
 *                          "wait_ms":0..3600000}`, each optional: 1024, wait, 30000. What a full
 *                          queue does to a publish; what is lost is counted
 * @param out_subscription  its number
 * @return TASKER_OK; NOT_FOUND (the port, or a name that is not known); INVALID_JSON; FULL
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_bus_subscribe(tasker_worker* worker, uint64_t bus,
                                              const char* pattern, size_t pattern_bytes,
                                              const char* options_json, size_t options_bytes,
                                              uint64_t* out_subscription, tasker_error** out_error);

/**
 * Ends a subscription; what it holds is gone.
 * @return TASKER_OK; NOT_FOUND
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_bus_unsubscribe(tasker_worker* worker, uint64_t bus,
                                                uint64_t subscription, tasker_error** out_error);

/**
 * How a subscription fares.
 * @param out_subscription  JSON object: `pattern`, `capacity`, `policy`, `depth`, `depth_max`,
 *                          `delivered`, `lost`
 * @return TASKER_OK; NOT_FOUND
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_bus_get_subscription(tasker_worker* worker, uint64_t bus,
                                                     uint64_t subscription,
                                                     tasker_buffer* out_subscription,
                                                     tasker_error** out_error);

/**
 * Takes up to `max_events` of what waits at this port: events of its subscriptions, those of one in
 * the order in which they were published, and ends of publishes that had to wait.
 *
 * @param max_events    1..4096
 * @param subscription  0, or the one whose events are wanted; ends are given either way
 * @param out_events    JSON array of `{"subscription","event","payload"}`, with `depth` when that
 *                      is over 1, and `{"published"}`, with `error` when it failed; empty (NULL, 0)
 *                      when none waits
 * @return TASKER_OK; NOT_FOUND (the port)
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_bus_poll(tasker_worker* worker, uint64_t bus, uint32_t max_events,
                                         uint64_t subscription, tasker_buffer* out_events,
                                         tasker_error** out_error);

/**
 * Waits until a poll of this port will find something or `timeout_ms` has passed.
 *
 * @param timeout_ms  0..60000 milliseconds
 * @return TASKER_OK when there may be something; TIMED_OUT; NOT_FOUND (the port)
 * @thread any; blocks
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_bus_wait(tasker_worker* worker, uint64_t bus, uint32_t timeout_ms,
                                         tasker_error** out_error);

/**
 * Sets what is told when something waits at this port, as tasker_worker_set_wakeup does for the
 * worker's own news, on a thread of the port's own.
 *
 * @param on_wakeup  NULL removes it; may not call tasker_bus_close, tasker_bus_set_wakeup of the
 * same port, or tasker_worker_close
 * @param finalizer  NULL is allowed; called exactly once, also when this call fails
 * @return TASKER_OK; NOT_FOUND (the port); INVALID_STATE inside the callback
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_bus_set_wakeup(tasker_worker* worker, uint64_t bus,
                                               tasker_wakeup_callback on_wakeup, void* user_data,
                                               tasker_finalizer finalizer,
                                               tasker_error** out_error);

/* ---------------------------------------------------------------------------------- status */

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

/* --------------------------------------------------------------------------------- the end */

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

/* --------------------------------------------------------------------------------- logging */

/**
 * Writes a line with the library's own logger (stderr), at the level that TASKER_LOG_LEVEL allows.
 *
 * @param level        TASKER_LOG_TRACE..TASKER_LOG_ERROR
 * @param fields_json  JSON object, or NULL; what is not a scalar is written as its JSON text
 * @return TASKER_OK; INVALID_JSON or INVALID_ARGUMENT: the line was not written
 * @since 1 stable
 */
TASKER_API tasker_status tasker_log(int32_t level, const char* message, size_t message_bytes,
                                    const char* fields_json, size_t fields_bytes,
                                    tasker_error** out_error);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* TASKER_TASKER_H_ */
