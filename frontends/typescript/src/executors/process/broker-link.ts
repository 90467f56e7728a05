// What the main thread and the broker's thread tell each other. Plain data.
import type { TaskerEventMap, TaskerEventName } from '../../events/event-map.js';
import type { DoorName } from '../../native/native-door.js';
import type { ExecutorCounts } from '../executor.js';
import type { PoolHandler } from './child-pool.js';
import type { ProcessPoolSettings } from './options.js';

/** What the broker's thread starts with. */
export interface BrokerStart {
  /** Names the worker to attach to. */
  readonly token: string;
  readonly door: DoorName;
  /** File of the door. */
  readonly path: string;
  /** File of tasker-launcher. */
  readonly launcher: string;
  readonly settings: ProcessPoolSettings;
  readonly handlers: readonly PoolHandler[];
  readonly graceMs: number;
  readonly resultBytesMax: number;
  /** Events that somebody listens to on the worker's bus. */
  readonly heard: readonly TaskerEventName[];
}

/** An event of the broker's bus, on its way to the worker's. */
export interface ForwardedEvent {
  readonly name: TaskerEventName;
  readonly payload: TaskerEventMap[TaskerEventName];
}

/** How the pool does. */
export interface BrokerStatus {
  readonly counts: ExecutorCounts;
  readonly ready: number;
  readonly active: number;
  readonly pids: readonly number[];
}

export type ToBroker =
  | { readonly kind: 'add'; readonly handler: PoolHandler }
  | { readonly kind: 'heard'; readonly names: readonly TaskerEventName[] }
  /** So many forwarded events were taken. */
  | { readonly kind: 'taken'; readonly count: number }
  | { readonly kind: 'stop'; readonly graceMs: number };

export type FromBroker =
  | { readonly kind: 'attached'; readonly attachment: number }
  /** The first child is ready. */
  | { readonly kind: 'ready'; readonly status: BrokerStatus }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  | { readonly kind: 'status'; readonly status: BrokerStatus }
  | { readonly kind: 'events'; readonly events: readonly ForwardedEvent[] }
  | { readonly kind: 'stopped'; readonly whole: boolean; readonly status: BrokerStatus };

/** Events that come from a pool of children. */
export const forwardedNames = [
  'step.execution.started',
  'step.execution.completed',
  'step.execution.failed',
  'step.execution.aborted',
  'step.grace.expired',
  'step.completion.sent',
  'step.completion.refused',
  'step.checkpoint_yield.sent',
  'executor.runner.started',
  'executor.runner.crashed',
  'executor.runner.terminated',
  'worker.error',
] as const satisfies readonly TaskerEventName[];

/** Forwarded events that may be on their way; further ones are dropped, as events of the bus are fleeting. */
export const FORWARDED_MAX = 10_000;
