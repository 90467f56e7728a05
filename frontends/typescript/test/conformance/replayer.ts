// Replays the golden vectors of contract/vectors over a TaskerRuntime: one worker and one store for each vector.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { NativeRuntime, TaskerError, toTaskerError } from 'tasker-worker';
import type { CheckpointYieldData, DoorName, StepExecutionResult, TaskerRuntime } from 'tasker-worker/native';

import { contractFolder, joined, mismatch, pointed, type Captures, type Piece } from './matcher.js';

export interface Step {
  readonly call: string;
  readonly arguments?: readonly unknown[];
  readonly expect?: unknown;
  readonly expect_runtime?: unknown;
  readonly error?: { readonly code: string; readonly field?: string };
  readonly wait?: boolean;
  readonly capture?: Readonly<Record<string, string>>;
}

export interface Vector {
  readonly name: string;
  readonly doors?: readonly string[];
  readonly given?: {
    readonly worker?: 'running' | 'none';
    readonly config?: Record<string, unknown>;
    readonly templates?: readonly string[];
    readonly tasks?: readonly Record<string, unknown>[];
  };
  readonly do: readonly Step[];
}

/** What a call came to: its answer in the form of the flat names, and its refusal where there was one. */
interface Outcome {
  readonly answer: unknown;
  readonly error?: TaskerError | undefined;
}

/** An argument that is JSON text as it stands. */
class Text {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const waitMs = 10_000;
const pauseMs = 5;
const polls = ['poll_step_events', 'poll_in_process_events', 'poll_notices', 'poll_deliveries'];
const vectorsFolder = new URL('vectors/', contractFolder);

function yamlOf(name: string): string {
  return readFileSync(new URL(`templates/${name}.yaml`, vectorsFolder), 'utf8');
}

export class Replayer {
  private readonly door: DoorName;
  private readonly folder = mkdtempSync(join(tmpdir(), 'tasker-vector-'));
  private readonly storePath = join(this.folder, 'vector.db');
  private readonly captures: Captures = new Map<string, unknown>([
    ['store', this.storePath],
    ['vectors', fileURLToPath(vectorsFolder).replace(/\/$/, '')],
  ]);
  private readonly vector: Vector;
  private runtime: NativeRuntime;

  constructor(vector: Vector, door: DoorName) {
    this.vector = vector;
    this.door = door;
    this.runtime = new NativeRuntime({ door });
    this.runtime.load();
  }

  /** @throws {Error} naming the step and what is wrong */
  async replay(): Promise<void> {
    try {
      await this.prepare();
      for (const [index, step] of this.vector.do.entries()) {
        const problem = await this.judge(step);
        if (problem !== null) {
          throw new Error(`do[${index}] ${step.call}: ${problem}`);
        }
      }
    } finally {
      this.runtime.stopWorker();
      await this.runtime.closed();
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  private config(): Record<string, unknown> {
    const own = { store_path: this.storePath, durability: 'normal', log_level: 'off' };
    return { ...own, ...(this.resolve(this.vector.given?.config ?? {}) as object) };
  }

  private async prepare(): Promise<void> {
    const { worker = 'running', templates = [], tasks = [] } = this.vector.given ?? {};
    const helper = worker === 'running' ? this.runtime : new NativeRuntime({ door: this.door });
    helper.load();
    if (worker === 'none' && templates.length === 0 && tasks.length === 0) {
      return;
    }
    helper.openWorker(worker === 'running' ? this.config() : { store_path: this.storePath, log_level: 'off' });
    for (const name of templates) {
      helper.putTemplate(yamlOf(name));
    }
    if (worker === 'running') {
      helper.pollDomainEvents(1);
      helper.registerAllHandlers();
      helper.startWorker();
    }
    for (const [index, task] of tasks.entries()) {
      const filled = {
        namespace: 'vectors',
        version: '1.0.0',
        context: {},
        initiator: 'vectors',
        source_system: 'vectors',
        reason: 'vectors',
        ...(this.resolve(task) as object),
      };
      const created = helper.clientCreateTask(filled);
      if (!created.success) {
        throw new Error(`given.tasks[${index}]: ${created.error}`);
      }
      this.captures.set(`task_${index + 1}`, created.data.task_uuid);
    }
    if (worker === 'none') {
      helper.stopWorker();
      await helper.closed();
    }
  }

  private async judge(step: Step): Promise<string | null> {
    const deadline = Date.now() + waitMs;
    const values = (step.arguments ?? []).map((value) => this.resolve(value));
    for (;;) {
      const outcome = await this.call(step, values);
      for (const [name, pointer] of Object.entries(step.capture ?? {})) {
        this.captures.set(name, pointed(outcome.answer, pointer));
      }
      const problem = this.problemOf(step, outcome);
      const again = polls.includes(step.call) ? outcome.answer === null : problem !== null;
      if (step.wait !== true || !again || Date.now() > deadline) {
        return problem;
      }
      await new Promise((resolve) => {
        setTimeout(resolve, pauseMs);
      });
    }
  }

  private problemOf(step: Step, { answer, error }: Outcome): string | null {
    const own = Object.hasOwn(step, 'expect_runtime');
    const expected = own ? step.expect_runtime : step.expect;
    const problem = own || Object.hasOwn(step, 'expect') ? mismatch(expected, answer, this.captures) : null;
    if (problem !== null || own || step.error === undefined) {
      return problem;
    }
    const said = error ?? (answer as { code?: string; field?: string } | null | undefined);
    if (said?.code === undefined) {
      return step.call === 'bootstrap_worker' ? null : `expected ${step.error.code}, and nothing was refused`;
    }
    const { code, field } = step.error;
    const path = said.field ?? '';
    if (said.code !== code || (field !== undefined && path !== field && !path.endsWith(`.${field}`))) {
      return `expected ${code} ${field ?? ''}; it is ${said.code} ${path}`;
    }
    return null;
  }

  private resolve(value: unknown): unknown {
    if (typeof value === 'string') {
      return value.startsWith('$') && this.captures.has(value.slice(1)) ? this.captures.get(value.slice(1)) : value;
    }
    if (Array.isArray(value)) {
      return value.map((item) => this.resolve(item));
    }
    if (typeof value !== 'object' || value === null) {
      return value;
    }
    const members = value as Record<string, unknown>;
    if (Object.keys(members).length === 1) {
      if ('$string' in members) {
        return joined(members['$string'] as readonly Piece[], this.captures);
      }
      if ('$text' in members) {
        const pieces = members['$text'] as string | readonly Piece[];
        return new Text(joined(typeof pieces === 'string' ? [pieces] : pieces, this.captures));
      }
      if ('$yaml' in members) {
        return yamlOf(members['$yaml'] as string);
      }
    }
    // Not through an object literal: `__proto__` is a member like any other.
    return Object.fromEntries(Object.entries(members).map(([key, item]) => [key, this.resolve(item)]));
  }

  private async call(step: Step, values: readonly unknown[]): Promise<Outcome> {
    const call = calls[step.call];
    if (call === undefined) {
      throw new Error(`no such call: ${step.call}`);
    }
    return await call({ runtime: this.runtime, values, judged: step.error !== undefined, config: () => this.config() });
  }
}

interface CallContext {
  readonly runtime: TaskerRuntime;
  readonly values: readonly unknown[];
  /** Whether the code of a refusal is looked at. */
  readonly judged: boolean;
  readonly config: () => Record<string, unknown>;
}

type Call = (context: CallContext) => Outcome | Promise<Outcome>;

/** JSON text of an argument, or the value itself for a door that takes values. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller names it
function given<T>(value: unknown): T {
  return (value instanceof Text ? value.text : value) as T;
}

function textOf(value: unknown): string {
  return value instanceof Text ? value.text : JSON.stringify(value);
}

function plain(run: (runtime: TaskerRuntime, values: readonly unknown[]) => unknown): Call {
  return ({ runtime, values }) => {
    try {
      return { answer: run(runtime, values) ?? null };
    } catch (error) {
      return { answer: null, error: toTaskerError(error) };
    }
  };
}

/** As the client calls answer. */
function enveloped(run: (runtime: TaskerRuntime, values: readonly unknown[]) => unknown): Call {
  return async ({ runtime, values }) => {
    try {
      return { answer: { success: true, data: await run(runtime, values) } };
    } catch (thrown) {
      const error = toTaskerError(thrown);
      const { message, retryable, code, field } = error;
      return { answer: { success: false, error: message, recoverable: retryable, code, field }, error };
    }
  };
}

/** 1 or 0, and why not where that is looked at. */
async function flag(judged: boolean, contract: () => boolean, telling: () => unknown): Promise<Outcome> {
  if (!judged) {
    return { answer: contract() ? 1 : 0 };
  }
  try {
    await telling();
    return { answer: 1 };
  } catch (error) {
    return { answer: 0, error: toTaskerError(error) };
  }
}

/** 1 for a call that does what it is told, 0 and the error for one that throws. */
function accepted(run: (runtime: TaskerRuntime, values: readonly unknown[]) => void): Call {
  return ({ runtime, values }) =>
    flag(
      true,
      () => true,
      () => {
        run(runtime, values);
      },
    );
}

const calls: Readonly<Record<string, Call>> = {
  bootstrap_worker: ({ runtime, values: [argument], config }) => {
    const isObject = typeof argument === 'object' && argument !== null && !(argument instanceof Text);
    const merged = isObject || argument === null || argument === undefined;
    const result = runtime.bootstrapWorker(merged ? { ...config(), ...(argument ?? {}) } : textOf(argument));
    if (result.success && result.status === 'started') {
      runtime.registerAllHandlers();
    }
    return { answer: result };
  },
  get_worker_status: plain((runtime) => runtime.getWorkerStatus()),
  is_worker_running: plain((runtime) => (runtime.isWorkerRunning() ? 1 : 0)),
  health_check: plain((runtime) => (runtime.healthCheck() ? 1 : 0)),
  get_version: plain((runtime) => runtime.getVersion()),
  get_rust_version: plain((runtime) => runtime.getRustVersion()),
  transition_to_graceful_shutdown: plain((runtime) => runtime.transitionToGracefulShutdown()),
  stop_worker: async ({ runtime }) => {
    const answer = runtime.stopWorker();
    await runtime.closed();
    return { answer };
  },
  poll_step_events: plain((runtime) => runtime.pollStepEvents()),
  poll_in_process_events: plain((runtime) => runtime.pollInProcessEvents()),
  poll_notices: plain((runtime) => runtime.pollNotices(1)?.[0]),
  subscribe_domain_events: accepted((runtime, [subscription]) => {
    runtime.subscribeDomainEvents(given(subscription));
  }),
  unsubscribe_domain_events: accepted((runtime, [subscriber]) => {
    runtime.unsubscribeDomainEvents(given(subscriber));
  }),
  remove_subscriber: accepted((runtime, [subscriber]) => {
    runtime.removeSubscriber(given(subscriber));
  }),
  poll_deliveries: plain((runtime) => runtime.pollDeliveries(1)?.[0]),
  acknowledge_delivery: accepted((runtime, [delivery]) => {
    runtime.acknowledgeDelivery(given(delivery));
  }),
  fail_delivery: accepted((runtime, [delivery, failure]) => {
    runtime.failDelivery(given(delivery), given(failure));
  }),
  complete_step_event: ({ runtime, values: [eventId, result], judged }) =>
    flag(
      judged || result instanceof Text,
      () => runtime.completeStepEvent(given(eventId), result as StepExecutionResult),
      () => {
        runtime.completeStepEventText(given(eventId), textOf(result));
      },
    ),
  checkpoint_yield_step_event: ({ runtime, values: [eventId, checkpoint], judged }) =>
    flag(
      judged || checkpoint instanceof Text,
      () => runtime.checkpointYieldStepEvent(given(eventId), checkpoint as CheckpointYieldData),
      () => runtime.checkpointStepEventText(given(eventId), textOf(checkpoint)),
    ),
  get_ffi_dispatch_metrics: plain((runtime) => runtime.getFfiDispatchMetrics()),
  check_starvation_warnings: plain((runtime) => {
    runtime.checkStarvationWarnings();
  }),
  cleanup_timeouts: plain((runtime) => {
    runtime.cleanupTimeouts();
  }),
  client_create_task: plain((runtime, [request]) => runtime.clientCreateTask(given(request))),
  client_get_task: plain((runtime, [task]) => runtime.clientGetTask(given(task))),
  client_list_tasks: plain((runtime, [params]) => runtime.clientListTasks(given(params ?? {}))),
  client_cancel_task: plain((runtime, [task]) => runtime.clientCancelTask(given(task))),
  client_list_task_steps: plain((runtime, [task]) => runtime.clientListTaskSteps(given(task))),
  client_get_step: plain((runtime, [task, step]) => runtime.clientGetStep(given(task), given(step))),
  client_get_step_audit_history: plain((runtime, [task, step]) =>
    runtime.clientGetStepAuditHistory(given(task), given(step)),
  ),
  client_health_check: plain((runtime) => runtime.clientHealthCheck()),
  put_template: enveloped((runtime, [yaml]) => runtime.putTemplate(given(yaml))),
  list_templates: enveloped((runtime) => runtime.listTemplates()),
  retry_task: enveloped((runtime, [task]) => runtime.retryTask(given(task))),
  drain: enveloped((runtime, [timeoutMs]) => runtime.drain(given(timeoutMs))),
  wait_task: enveloped((runtime, [task, timeoutMs]) => runtime.waitForTask(given(task), given(timeoutMs))),
  check_template: plain((runtime, [yaml]) => runtime.checkTemplate(given(yaml))),
  ...Object.fromEntries(
    (['error', 'warn', 'info', 'debug', 'trace'] as const).map((level) => [
      `log_${level}`,
      plain((runtime, [message, fields]) => {
        runtime.log(level, given(message), fields === null ? undefined : given(fields));
      }),
    ]),
  ),
};
