/*
 * Executors: where handlers run, and attachments, by which any thread of the process takes the
 * steps of one executor straight from the core.
 *
 * The library runs no handler. An executor is a dispatch channel of its own with so many places,
 * for steps of the handlers that were registered for it. Its steps are taken by attachments; while
 * there is none, by the worker's owner (tasker_worker_poll_executor_step_events).
 *
 *   attach -> attached -- tasker_attachment_detach ----> gone; steps that it held are told by a
 *                                                        `detached` notice to the worker's owner
 *             attached -- tasker_worker_end_attachment -> gone
 *
 * What an attachment holds when it ends stays taken until tasker_worker_end_attachment gives it to
 * the worker's owner, who completes or hands back each step once its handler is gone.
 */
#ifndef TASKER_ATTACHMENT_H_
#define TASKER_ATTACHMENT_H_

#include "worker.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------- executors */

#define TASKER_EXECUTOR_MAIN 0
#define TASKER_EXECUTOR_THREADS 1
#define TASKER_EXECUTOR_PROCESS 2

/**
 * As tasker_worker_poll_step_events, for the channel of an executor.
 *
 * @param executor  TASKER_EXECUTOR_…
 * @since 1 experimental     @source docs/guides/executors.md
 */
TASKER_API tasker_status tasker_worker_poll_executor_step_events(
    tasker_worker* worker, int32_t executor, uint32_t max_events, uint32_t timeout_ms,
    tasker_buffer* out_events, tasker_error** out_error);

/**
 * As tasker_worker_poll_step_events_into, for the channel of an executor.
 *
 * @param executor  TASKER_EXECUTOR_…
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_worker_poll_executor_step_events_into(
    tasker_worker* worker, int32_t executor, uint32_t max_events, char* buffer, size_t capacity,
    size_t* out_size, tasker_error** out_error);

/**
 * Says how many steps an executor can hold: claimed, queued, running, or settled while their
 * handlers still run. Until then main has `max_concurrent_handlers` places, threads and process
 * `threads_room` and `process_room` of the configuration. Fewer than it holds: nothing is claimed
 * for it until enough are gone.
 *
 * @param executor  TASKER_EXECUTOR_…
 * @param places    0..100000
 * @return TASKER_OK
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_worker_set_executor_room(tasker_worker* worker, int32_t executor,
                                                         uint32_t places, tasker_error** out_error);

/**
 * Gives claims back to the store at no cost of an attempt, for handlers that were stopped through
 * no fault of their own. Their places are free at once, so the handlers have to be gone. Steps that
 * were timed out, cancelled or lost only free their place; unknown ids are passed over.
 *
 * @param event_ids_json   JSON array of UUID texts
 * @param out_handed_back  how many claims were given back; NULL is allowed
 * @return TASKER_OK; INVALID_JSON; INVALID_ARGUMENT (the field is `event_ids[i]`)
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_worker_hand_back(tasker_worker* worker, const char* event_ids_json,
                                                 size_t event_ids_bytes, uint32_t* out_handed_back,
                                                 tasker_error** out_error);

/**
 * The text by which tasker_attachment_attach finds this worker, in any thread of the process, for
 * as long as it is open.
 *
 * @param out_token  36 bytes
 * @return TASKER_OK
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_worker_get_attach_token(tasker_worker* worker,
                                                        tasker_buffer* out_token,
                                                        tasker_error** out_error);

/**
 * Ends an attachment whose thread is gone, or that has detached with steps. Its handle is dead and
 * its wake-up is not called any more; calls that wait in it return CLOSED first. Places of steps
 * that were settled before are free again.
 *
 * @param id             of tasker_attachment_get_id
 * @param out_event_ids  JSON array of the ids of the steps that it still held, which are the
 *                       worker's owner's from now on; `[]` also for an id that is not known (any
 *                       more)
 * @return TASKER_OK; INVALID_STATE inside the attachment's wake-up
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_worker_end_attachment(tasker_worker* worker, uint32_t id,
                                                      tasker_buffer* out_event_ids,
                                                      tasker_error** out_error);

/* ----------------------------------------------------------------------------- attachments */

/** A thread's own way to a worker. It may outlive the worker; its calls then return CLOSED. */
typedef struct tasker_attachment tasker_attachment;

/**
 * Attaches to a worker of this process.
 *
 * @param token           of tasker_worker_get_attach_token
 * @param executor        TASKER_EXECUTOR_…, whose steps it takes
 * @param name            1 to 255 bytes, for log and status
 * @param out_attachment  end it with tasker_attachment_detach
 * @return TASKER_OK; NOT_FOUND (no worker of this process has the token); DRAINING; CLOSED; FORKED
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_attachment_attach(const char* token, size_t token_bytes,
                                                  int32_t executor, const char* name,
                                                  size_t name_bytes,
                                                  tasker_attachment** out_attachment,
                                                  tasker_error** out_error);

/**
 * Ends an attachment; the handle is dead. Calls that wait in it return CLOSED first.
 *
 * @param attachment  NULL is allowed and does nothing
 * @return TASKER_OK, also after its worker's end; CLOSED when it was detached or ended before;
 *         INVALID_STATE inside its wake-up
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_attachment_detach(tasker_attachment* attachment,
                                                  tasker_error** out_error);

/**
 * What names the attachment in notices, in the status and for tasker_worker_end_attachment; a
 * worker never gives it twice.
 *
 * @param out_id  1 or more
 * @return TASKER_OK
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_attachment_get_id(tasker_attachment* attachment, uint32_t* out_id,
                                                  tasker_error** out_error);

/**
 * As tasker_worker_poll_step_events, of the attachment's executor. The attachment holds the steps
 * from now on.
 *
 * @return TASKER_OK (also for an empty array); DRAINING (no more events will come)
 * @thread any; blocks with timeout_ms > 0
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_attachment_poll_step_events(tasker_attachment* attachment,
                                                            uint32_t max_events,
                                                            uint32_t timeout_ms,
                                                            tasker_buffer* out_events,
                                                            tasker_error** out_error);

/**
 * As tasker_worker_poll_step_events_into, of the attachment's executor.
 *
 * @return TASKER_OK; TOO_LARGE when the next event alone does not fit, it stays; DRAINING
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_attachment_poll_step_events_into(tasker_attachment* attachment,
                                                                 uint32_t max_events, char* buffer,
                                                                 size_t capacity, size_t* out_size,
                                                                 tasker_error** out_error);

/**
 * As tasker_worker_complete_step_event, for an event that this attachment holds.
 *
 * @return as there; UNKNOWN_EVENT also for an event that somebody else took
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_attachment_complete_step_event(
    tasker_attachment* attachment, const char* event_id, size_t event_id_bytes,
    const char* result_json, size_t result_bytes, tasker_error** out_error);

/**
 * As tasker_worker_complete_step_events, for events that this attachment holds.
 * @return as there
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_attachment_complete_step_events(
    tasker_attachment* attachment, const tasker_completion* completions, size_t count,
    tasker_status* out_statuses, tasker_error** out_error);

/**
 * As tasker_worker_complete_step_events_json, for events that this attachment holds.
 * @return as there
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_attachment_complete_step_events_json(tasker_attachment* attachment,
                                                                     const char* completions_json,
                                                                     size_t completions_bytes,
                                                                     tasker_buffer* out_refusals,
                                                                     tasker_error** out_error);

/**
 * As tasker_worker_checkpoint_step_event, for an event that this attachment holds. The continuation
 * goes to any taker of the executor. Blocks until the checkpoint is durable.
 * @return as there
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_attachment_checkpoint_step_event(
    tasker_attachment* attachment, const char* event_id, size_t event_id_bytes,
    const char* checkpoint_json, size_t checkpoint_bytes, char* out_new_event_id,
    tasker_error** out_error);

/**
 * The same without blocking; the reply's result is the new event id as a JSON string.
 * @param out_request  number that the reply in tasker_attachment_poll_replies will carry
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_attachment_checkpoint_step_event_begin(
    tasker_attachment* attachment, const char* event_id, size_t event_id_bytes,
    const char* checkpoint_json, size_t checkpoint_bytes, uint64_t* out_request,
    tasker_error** out_error);

/**
 * As tasker_worker_poll_replies, for what this attachment has begun.
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_attachment_poll_replies(tasker_attachment* attachment,
                                                        uint32_t max_replies,
                                                        tasker_buffer* out_replies,
                                                        tasker_error** out_error);

/**
 * As tasker_worker_hand_back, for events that this attachment holds; others are passed over.
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_attachment_hand_back(tasker_attachment* attachment,
                                                     const char* event_ids_json,
                                                     size_t event_ids_bytes,
                                                     uint32_t* out_handed_back,
                                                     tasker_error** out_error);

/**
 * As tasker_worker_poll_notices, for events that this attachment took, and `failed`. The worker's
 * own notices have them too.
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_attachment_poll_notices(tasker_attachment* attachment,
                                                        uint32_t max_notices,
                                                        tasker_buffer* out_notices,
                                                        tasker_error** out_error);

/**
 * Sets what is told when steps, notices or replies wait for this attachment, as
 * tasker_worker_set_wakeup does for a worker, on a thread kept for this attachment alone.
 *
 * A step that arrives wakes one idle attachment of its executor, the one that holds the fewest.
 * Idle is an attachment that has polled fewer steps than it asked for, and that can be woken: it
 * has asked for news (this function, tasker_attachment_event_fd or tasker_attachment_wait), or
 * waits in a poll.
 *
 * @param on_wakeup  NULL removes it; may not call tasker_attachment_detach or this function for the
 *                   same attachment
 * @param finalizer  NULL is allowed; called exactly once, also when this call fails
 * @return TASKER_OK; INVALID_STATE inside the callback
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_attachment_set_wakeup(tasker_attachment* attachment,
                                                      tasker_wakeup_callback on_wakeup,
                                                      void* user_data, tasker_finalizer finalizer,
                                                      tasker_error** out_error);

/**
 * As tasker_worker_event_fd. It lives until the attachment is detached.
 *
 * @param out_fd  an eventfd
 * @return TASKER_OK; TOO_LARGE when the process has no descriptor left
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_attachment_event_fd(tasker_attachment* attachment, int32_t* out_fd,
                                                    tasker_error** out_error);

/**
 * Waits until something is there for this attachment or `timeout_ms` has passed.
 *
 * @param timeout_ms  0..60000 milliseconds
 * @return TASKER_OK when there may be something; TIMED_OUT; DRAINING (no more step events will
 *         come, and nothing else waits)
 * @thread any; blocks
 * @since 1 experimental
 */
TASKER_API tasker_status tasker_attachment_wait(tasker_attachment* attachment, uint32_t timeout_ms,
                                                tasker_error** out_error);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* TASKER_ATTACHMENT_H_ */
