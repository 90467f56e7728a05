/*
 * The flat names: the C functions of an older contract of native workers, one worker for each
 * process. A client that was written for that contract loads the library by path and runs as it is;
 * whatever is new should use tasker.h, on which these stand. Where the two differ from the
 * contract, docs/reference/contract.md says how and why.
 *
 * Conventions, for all of them
 *
 * - Text in is UTF-8, ends with a NUL, belongs to the caller and is copied where it is kept.
 * - Text out is one JSON document (or a version), ends with a NUL and nothing after it. The caller
 *   releases it once with free_rust_string, never with free.
 * - int32_t answers are 1 for yes or taken, 0 for no or refused.
 * - A failure is `{"success":false,"error":"<prefix>: <cause>"}`; the cause is not to be parsed.
 * - Threads: any, several at once. None waits for another, but for bootstrap_worker and
 * stop_worker, which wait for each other.
 * - After fork() the child has no worker and may start one of its own.
 */
#ifndef TASKER_TASKER_FLAT_H_
#define TASKER_TASKER_FLAT_H_

#include <stdint.h>

#include "tasker.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------- lifecycle, health, version */

/**
 * Version of the library, `major.minor.patch`.
 * @return to be released; NULL only when there is no memory at all
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API char* get_version(void);

/**
 * Names library and version in the form that clients of the contract look for: it contains
 * `tasker-ts` and `rustc`.
 * @return as get_version
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API char* get_rust_version(void);

/**
 * Whether the library can be called. Says nothing about the worker.
 * @return 1
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API int32_t health_check(void);

/**
 * Whether this process has a worker, also one that drains or has failed.
 * @return 1 or 0
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API int32_t is_worker_running(void);

/**
 * Starts the worker of this process: opens its store, stores the templates below
 * TASKER_TEMPLATE_PATH, takes the steps of every handler, keeps domain events. Blocks until then.
 *
 * @param config_json  NULL or empty: none. An object, over TASKER_… variables, over defaults:
 *        - `worker_id`: default `typescript-worker-<uuid>`;
 *        - `namespace`: the worker takes the steps of this namespace and of those of the templates
 *          that it has read; without it (nor TASKER_NAMESPACE), or as `default`, which clients send
 *          when nobody chose, those of all namespaces;
 *        - `log_level`: trace, debug, info, warn, error; of log_info and so on, too;
 *        - `database_url` (else the variable DATABASE_URL): `sqlite:<path>`. Another scheme is
 *          refused, unless TASKER_STORE or `store_path` says where the store is: then it is
 *          ignored with a warning;
 *        - `config_path`: ignored with a warning;
 *        - the members of contract/schema/config.json. `max_concurrent_handlers` is how many
 *          events are handed out and not yet completed: 10, as many as the contract's front end
 *          runs; what it is given beyond, it drops.
 *        Other members are ignored with one warning, and so is a member of the contract whose value
 *        cannot be used.
 * @return `{"success":true,"status":"started","message":…,"worker_id":…}`; when there is a worker,
 *         `{"success":true,"status":"already_running","message":…}`; else
 *         `{"success":false,"status":"error","message":…,"error":"Bootstrap failed: …"}`. A
 * template that breaks a rule is logged with all its problems and left out; the worker starts.
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API char* bootstrap_worker(const char* config_json);

/**
 * State and settings of the worker.
 * @return `{"success":true,"running":true,"worker_id":…,"environment":…,"worker_core_status":…,
 * …}`, or `{"success":true,"running":false,"status":"stopped"}`
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API char* get_worker_status(void);

/**
 * Claims nothing more and hands back what was not polled. Returns at once; events that were polled
 * can still be completed, until stop_worker or the drain timeout (TASKER_DRAIN_TIMEOUT_MS). A
 * second call changes nothing and answers the same.
 * @return `{"success":true,"status":"transitioning","message":…}`; `Failed to transition: …`
 *         without a worker
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API char* transition_to_graceful_shutdown(void);

/**
 * Ends the worker and closes its store. Every completion that was answered with 1 is stored before
 * it returns; steps that were polled and not completed go back to the store, which costs them no
 * attempt. Afterwards a worker may be started again.
 * @return `{"success":true,"status":"stopped","message":…,"worker_id":…}`, or
 *         `{"success":true,"status":"not_running","message":…}`
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API char* stop_worker(void);

/**
 * Releases a text that one of these functions returned.
 * @param text  NULL does nothing; any other pointer, or the same one twice, is undefined
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API void free_rust_string(char* text);

/* ------------------------------------------------ step events, domain events, metrics */

/**
 * Takes one step event, without waiting. Its deadline (`timeout_seconds`, else handler_timeout_ms)
 * runs from here on.
 * @return shape contract/schema/step_event.json; NULL when none waits or there is no worker, which
 *         is logged once
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API char* poll_step_events(void);

/**
 * Takes one domain event of this process, without waiting. The newest 2000 are kept.
 * @return shape contract/schema/domain_event.json; NULL as poll_step_events
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API char* poll_in_process_events(void);

/**
 * Completes a step event.
 *
 * @param event_id     UUID text
 * @param result_json  shape contract/schema/step_result.json
 * @return 1: the result will be recorded, unless the step has moved on meanwhile. 0: an argument is
 *         NULL, no UTF-8, no UUID or no result document (the event stays open: the caller may try
 *         again); the event is unknown, was completed, timed out or was cancelled; the completion
 *         channel is full (the event stays open); no worker
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API int32_t complete_step_event(const char* event_id, const char* result_json);

/**
 * Stores how far a running step has got and dispatches it again under a new event id, with the same
 * attempt. Blocks until the checkpoint is durable.
 *
 * @param event_id         UUID text
 * @param checkpoint_json  shape contract/schema/checkpoint.json
 * @return 1; 0 as complete_step_event, and when it could not be stored: the attempt has then
 * failed, retryably, with the error type `checkpoint_error`
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API int32_t checkpoint_yield_step_event(const char* event_id, const char* checkpoint_json);

/**
 * Counts of the dispatch channel.
 * @return shape contract/schema/dispatch_metrics.json; `Failed to get metrics: …` without a worker
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API char* get_ffi_dispatch_metrics(void);

/**
 * Logs one warning for each event that runs longer than 10 s and was not reported before.
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API void check_starvation_warnings(void);

/**
 * Forgets events that were overdue or cancelled, and not completed for as long as
 * `handler_timeout_ms` since this function noticed: others take their places. It ends no step: the
 * worker does, by a timer of its own, whether this is called or not.
 * @thread any
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API void cleanup_timeouts(void);

/* --------------------------------------------------------------------------------- logging */

/**
 * Writes a line to stderr, also before bootstrap_worker.
 * @param message      NULL or no UTF-8: nothing is written
 * @param fields_json  JSON object, NULL for none; values of any type. One that is no such object is
 *                     left out
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API void log_error(const char* message, const char* fields_json);
/** As log_error. @since 1 stable */
TASKER_API void log_warn(const char* message, const char* fields_json);
/** As log_error. @since 1 stable */
TASKER_API void log_info(const char* message, const char* fields_json);
/** As log_error. @since 1 stable */
TASKER_API void log_debug(const char* message, const char* fields_json);
/** As log_error. @since 1 stable */
TASKER_API void log_trace(const char* message, const char* fields_json);

/* ----------------------------------------------------------------------------------- client
 *
 * All return `{"success":true,"data":…}` or `{"success":false,"error":…,"recoverable":…}`. An error
 * of the arguments, and "no worker", have no `recoverable`:
 * `client_<op>: null pointer received`, `client_<op>: invalid UTF-8`, `client_<op> failed: …`.
 */

/**
 * Creates a task. Blocks until it is durable. A known idempotency key gives the task that has it.
 * @param request_json  shape contract/schema/task_request.json; other members are ignored
 * @return data: shape contract/schema/task.json
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API char* client_create_task(const char* request_json);

/**
 * A task with the state of its steps.
 * @return data: shape contract/schema/task.json
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API char* client_get_task(const char* task_uuid);

/**
 * Tasks, newest first, one page.
 * @param params_json  `{"limit","offset","namespace","status"}`; other members are ignored. A state
 *                     that the contract knows and no task has here finds none
 * @return data: `{"tasks":[…],"pagination":{…}}`
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API char* client_list_tasks(const char* params_json);

/**
 * Cancels a task and its unfinished steps.
 * @return data: `{"cancelled":true}`
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API char* client_cancel_task(const char* task_uuid);

/**
 * The steps of a task.
 * @return data: array of the shape contract/schema/step.json
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API char* client_list_task_steps(const char* task_uuid);

/**
 * One step of a task.
 * @return data: shape contract/schema/step.json
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API char* client_get_step(const char* task_uuid, const char* step_uuid);

/**
 * What became of each attempt of a step.
 * @return data: JSON array
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API char* client_get_step_audit_history(const char* task_uuid, const char* step_uuid);

/**
 * Whether the worker's store answers.
 * @return data: `{"healthy":true,"status":"healthy","timestamp":…}`
 * @since 1 stable     @source docs/reference/contract.md
 */
TASKER_API char* client_health_check(void);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* TASKER_TASKER_FLAT_H_ */
