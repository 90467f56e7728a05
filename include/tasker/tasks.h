/*
 * Tasks and templates, through a worker.
 */
#ifndef TASKER_TASKS_H_
#define TASKER_TASKS_H_

#include "worker.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------ tasks and templates */

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

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* TASKER_TASKS_H_ */
