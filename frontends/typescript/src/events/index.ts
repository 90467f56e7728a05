// Entry point `tasker-worker/events`: the in-process bus and what moves steps through it.
export { EventBridge } from './bridge.js';
export { enrichEvents, filterEvents, sampleEvents, timeEvents, type AnyBusMiddleware } from './bridge-middleware.js';
export type * from './bridge-types.js';
export { Channel } from './channel.js';
export type * from './channel-types.js';
export type * from './emitter-types.js';
export {
  DeliveryRevokedError,
  type DeliveryContext,
  type DomainEventSubscription,
  type DomainEventSubscriptionOptions,
  type DurableDomainEvent,
  type RevokeReason,
} from './durable-subscriptions.js';
export { TaskerEventEmitter } from './emitter.js';
export type * from './event-map.js';
export { EventSystem, type EventSystemConfig, type EventSystemStats } from './event-system.js';
export { ExecutorEventNames, MetricsEventNames, PollerEventNames, StepEventNames, WorkerEventNames } from './names.js';
export { EventPoller, createEventPoller, type EventPollerConfig, type PollerState } from './poller.js';
export type * from './transition-events.js';
export { TypedEventEmitter, type TypedEmitterOptions } from './typed-emitter.js';
export { StepExecutionSubscriber, type StepExecutionSubscriberConfig } from './subscriber.js';
