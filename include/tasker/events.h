/*
 * Events, through a worker: durable domain events, and the event bus of the process.
 */
#ifndef TASKER_EVENTS_H_
#define TASKER_EVENTS_H_

#include "worker.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------- durable domain events */

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

/* ---------------------------------------------------------------------------------- event bus */

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

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* TASKER_EVENTS_H_ */
