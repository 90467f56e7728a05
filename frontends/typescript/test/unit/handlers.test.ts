import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import {
  ErrorType,
  HandlerRegistry,
  MethodDispatchError,
  MethodDispatchWrapper,
  RegistryResolver,
  ResolverChain,
  ResolverNotFoundError,
  StepAbortedError,
  StepContext,
  StepHandler,
  StepHandlerResult,
  TaskerError,
  defineHandler,
  effectiveMethod,
  from,
  fromDto,
  isStandardErrorType,
  isTypicallyRetryable,
  normalizeToDefinition,
  type ExecutableHandler,
} from 'tasker-worker';

import { makeStepEvent } from '../support/step-event.js';

class Greet extends StepHandler {
  static override handlerName = 'demo.Greet';
  static override handlerVersion = '2.1.0';

  call(context: StepContext): Promise<StepHandlerResult> {
    return Promise.resolve(this.success({ greeting: `hello ${context.getInputOr('name', 'world')}` }));
  }

  inspect(): Promise<StepHandlerResult> {
    return Promise.resolve(this.failure('inspected', 'inspection', false, { a: 1 }, 'E1'));
  }
}

function refusal(field: string, code = 'INVALID_ARGUMENT'): (error: unknown) => boolean {
  return (error) => error instanceof TaskerError && error.code === code && error.field === field;
}

suite('StepContext', () => {
  const event = makeStepEvent({
    context: { name: 'Ada', zero: 0 },
    dependencies: { load: { rows: 3, deep: { a: [1] } }, load_more: { rows: 4 }, other: null },
    initialization: { currency: 'EUR' },
    attempts: 2,
    maxAttempts: 3,
  });
  const context = StepContext.fromFfiEvent(event, 'demo.Greet');

  test('carries ids, input, configuration and attempt', () => {
    assert.equal(context.event, event);
    assert.equal(context.taskUuid, event.task_uuid);
    assert.equal(context.stepUuid, event.step_uuid);
    assert.equal(context.correlationId, event.correlation_id);
    assert.equal(context.handlerName, 'demo.Greet');
    assert.deepEqual(context.inputData, { name: 'Ada', zero: 0 });
    assert.deepEqual(context.stepConfig, { currency: 'EUR' });
    assert.deepEqual(context.stepInputs, {});
    assert.equal(context.getInput('name'), 'Ada');
    assert.equal(context.getInput('missing'), undefined);
    assert.equal(context.getInputOr('zero', 7), 0);
    assert.equal(context.getInputOr('missing', 7), 7);
    assert.equal(context.getConfig('currency'), 'EUR');
    assert.equal(context.retryCount, 2);
    assert.equal(context.maxRetries, 3);
    assert.ok(context.isRetry() && context.isLastRetry());
  });

  test('unwraps dependency results once, null when there is none', () => {
    assert.deepEqual(context.getDependencyResult('load'), { rows: 3, deep: { a: [1] } });
    assert.equal(context.getDependencyResult('other'), null);
    assert.equal(context.getDependencyResult('missing'), null);
    assert.equal(context.getDependencyResult('toString'), null);
    assert.deepEqual(context.getDependencyResultKeys(), ['load', 'load_more', 'other']);
    assert.deepEqual(context.getAllDependencyResults('load'), [{ rows: 3, deep: { a: [1] } }, { rows: 4 }]);
  });

  test('walks into a dependency result', () => {
    assert.deepEqual(context.getDependencyField('load', 'deep', 'a'), [1]);
    assert.equal(context.getDependencyField('load', 'missing'), undefined);
    assert.equal(context.getDependencyField('load', 'rows', 'x'), null);
    assert.equal(context.getDependencyField('missing', 'x'), null);
  });

  test('reads a checkpoint, or neutral values', () => {
    assert.equal(context.checkpoint, null);
    assert.equal(context.hasCheckpoint(), false);
    assert.equal(context.checkpointItemsProcessed, 0);
    const yielded = makeStepEvent();
    yielded.workflow_step.checkpoint = { cursor: 10, items_processed: 5, accumulated_results: { sum: 1 } };
    const resumed = new StepContext(yielded, 'x');
    assert.equal(resumed.checkpointCursor, 10);
    assert.equal(resumed.checkpointItemsProcessed, 5);
    assert.deepEqual(resumed.accumulatedResults, { sum: 1 });
    assert.ok(resumed.hasCheckpoint());
  });

  test('aborts the signal with its reason, also for one that asks later', () => {
    const early = new StepContext(event, 'x');
    const signal = early.signal;
    assert.equal(early.isAborted(), false);
    early.abort('cancel');
    early.abort('timeout');
    assert.ok(signal.aborted && early.isAborted());
    const reason: unknown = signal.reason;
    assert.ok(reason instanceof StepAbortedError);
    assert.equal(reason.reason, 'cancel');
    const late = new StepContext(event, 'x');
    late.abort('lease_lost');
    assert.equal((late.signal.reason as StepAbortedError).reason, 'lease_lost');
  });

  test('takes an event that lacks optional members', () => {
    const bare = makeStepEvent({ context: null });
    Reflect.deleteProperty(bare, 'dependency_results');
    const poor = new StepContext(bare, 'x');
    assert.deepEqual(poor.inputData, {});
    assert.deepEqual(poor.getDependencyResultKeys(), []);
  });
});

suite('StepHandler and StepHandlerResult', () => {
  test('a handler tells its name, version and capabilities', () => {
    const handler = new Greet();
    assert.deepEqual(
      [handler.name, handler.version, handler.capabilities, handler.configSchema(), handler.toString()],
      ['demo.Greet', '2.1.0', ['process'], null, 'Greet(name=demo.Greet, version=2.1.0)'],
    );
    class Unnamed extends StepHandler {
      call(): StepHandlerResult {
        return this.success({});
      }
    }
    assert.equal(new Unnamed().name, 'Unnamed');
  });

  test('failure has the defaults of the contract', () => {
    const failure = StepHandlerResult.failure('no');
    assert.ok(failure.isFailure() && !failure.isSuccess());
    assert.deepEqual(failure.toJSON(), {
      success: false,
      result: null,
      error_message: 'no',
      error_type: 'handler_error',
      error_code: null,
      retryable: true,
      metadata: {},
    });
    assert.ok(StepHandlerResult.success({}).isSuccess());
  });

  test('error types tell what is standard and what is worth another try', () => {
    assert.ok(isStandardErrorType(ErrorType.TIMEOUT));
    assert.equal(isStandardErrorType('own'), false);
    assert.ok(isTypicallyRetryable('timeout') && isTypicallyRetryable('retryable_error'));
    assert.equal(isTypicallyRetryable('handler_error'), false);
  });
});

suite('defineHandler', () => {
  async function run(handler: new () => ExecutableHandler, parts = {}): Promise<StepHandlerResult> {
    return await new handler().call(new StepContext(makeStepEvent(parts), 'x'));
  }

  test('gives the function its context, input, dependencies and picked inputs', async () => {
    const load = defineHandler({ name: 'load', run: () => ({ rows: 3 }) });
    const handler = defineHandler({
      name: 'demo.Sum',
      version: '3.0.0',
      depends: { load, renamed: from(load, 'load_again'), raw: 'raw_step', gone: 'missing_step' },
      inputs: { title: 'report_title' },
      run: ({ context, input, load: first, renamed, raw, gone, title }) => ({
        attempt: context.retryCount,
        input,
        sum: first.rows + renamed.rows,
        raw,
        gone,
        title,
      }),
    });
    assert.deepEqual(
      [handler.handlerName, handler.handlerVersion, handler.stepName],
      ['demo.Sum', '3.0.0', 'demo.Sum'],
    );
    const result = await run(handler, {
      context: { report_title: 'R' },
      dependencies: { load: { rows: 1 }, load_again: { rows: 2 }, raw_step: 'text' },
    });
    const expected = { attempt: 0, input: { report_title: 'R' }, sum: 3, raw: 'text', gone: null, title: 'R' };
    assert.deepEqual(result.result, expected);
  });

  test('takes name, options and function as the contract has it', async () => {
    const handler = defineHandler('demo.Old', { depends: { a: 'step_a' }, inputs: { b: 'key_b' } }, ({ a, b }) => ({
      a,
      b,
    }));
    const result = await run(handler, { context: { key_b: 2 }, dependencies: { step_a: { n: 1 } } });
    assert.deepEqual(result.result, { a: { n: 1 }, b: 2 });
  });

  test('wraps what is returned', async () => {
    const cases: [unknown, unknown][] = [
      [undefined, {}],
      [null, {}],
      [5, { result: 5 }],
      ['text', { result: 'text' }],
      [[1, 2], { result: [1, 2] }],
      [{ a: 1 }, { a: 1 }],
    ];
    for (const [returned, stored] of cases) {
      assert.deepEqual((await run(defineHandler('x', {}, () => returned))).result, stored);
    }
    const failure = StepHandlerResult.failure('no');
    assert.equal(await run(defineHandler('x', {}, () => Promise.resolve(failure))), failure);
  });

  test('an input that its reader refuses is a permanent validation_error', async () => {
    const handler = defineHandler({
      name: 'x',
      input: (raw): number => {
        throw new RangeError(`no size in ${JSON.stringify(raw)}`);
      },
      run: ({ input }) => ({ input }),
    });
    await assert.rejects(run(handler), {
      errorType: 'validation_error',
      retryable: false,
      message: 'input: no size in {}',
    });
  });

  test('a typed dependency without a result is a permanent error that lists what there is', async () => {
    const load = defineHandler({ name: 'demo.Load', run: () => ({}) });
    const handler = defineHandler({ name: 'x', depends: { load }, run: () => ({}) });
    await assert.rejects(run(handler, { dependencies: { load_flights: {} } }), {
      errorType: 'dependency_not_found',
      retryable: false,
      message: 'load: no result of a step demo.Load; there are results of: load_flights',
    });
  });

  test('refuses a definition that can not work, naming the member', () => {
    const define = defineHandler as unknown as (...given: unknown[]) => unknown;
    const run0 = (): object => ({});
    const cases: [unknown[], string][] = [
      [[null], 'definition'],
      [[{ run: run0 }], 'definition.name'],
      [[{ name: 'x' }], 'definition.run'],
      [[{ name: 'x', run: run0, dependz: {} }], 'definition.dependz'],
      [[{ name: 'x', run: run0, input: {} }], 'definition.input'],
      [[{ name: 'x', run: run0, version: 1 }], 'definition.version'],
      [[{ name: 'x', run: run0, step: '' }], 'definition.step'],
      [[{ name: 'x', run: run0, depends: { a: 5 } }], 'definition.depends.a'],
      [[{ name: 'x', run: run0, depends: { a: null } }], 'definition.depends.a'],
      [[{ name: 'x', run: run0, inputs: { a: 5 } }], 'definition.inputs.a'],
      [[{ name: 'x', run: run0, depends: { context: 'a' } }], 'definition'],
      [[{ name: 'x', run: run0, depends: { a: 'a' }, inputs: { a: 'a' } }], 'definition'],
      [['x', null, run0], 'options'],
      [['x', {}, 'no function'], 'definition.run'],
      [['', {}, run0], 'definition.name'],
    ];
    for (const [given, field] of cases) {
      assert.throws(() => define(...given), refusal(field), field);
    }
    assert.throws(() => define({ name: 'x', run: run0, dependz: {} }), /did you mean depends\?/);
  });
});

suite('HandlerRegistry', () => {
  test('resolves by name, a new object of a class for each attempt', async () => {
    const registry = new HandlerRegistry();
    await registry.initialize();
    registry.register(Greet);
    const instance = new Greet();
    registry.register('alias', instance);
    registry.register('made', () => new Greet());
    assert.ok(registry.resolveSync('demo.Greet') instanceof Greet);
    assert.notEqual(registry.resolveSync('demo.Greet'), registry.resolveSync('demo.Greet'));
    assert.equal(registry.resolveSync('alias'), instance);
    assert.ok((await registry.resolve('made')) instanceof Greet);
    assert.equal(await registry.resolve('unknown'), null);
    assert.equal(registry.getHandlerClass('demo.Greet'), Greet);
    assert.equal(registry.getHandlerClass('alias'), undefined);
    assert.deepEqual(registry.listHandlers(), ['demo.Greet', 'alias', 'made']);
    assert.deepEqual(registry.debugInfo().resolvers, [{ name: 'explicit_mapping', priority: 10 }]);
    assert.ok(registry.unregister('alias') && !registry.unregister('alias'));
    registry.clear();
    assert.equal(registry.handlerCount(), 0);
  });

  test('two registries share nothing', () => {
    const one = new HandlerRegistry();
    one.register(Greet);
    assert.equal(new HandlerRegistry().isRegistered('demo.Greet'), false);
    assert.notEqual(ResolverChain.default(), ResolverChain.default());
  });

  test('runs the method that the template names', async () => {
    const registry = new HandlerRegistry();
    registry.register(Greet);
    for (const handler of [
      registry.resolveSync({ callable: 'demo.Greet', method: 'inspect' }),
      await registry.resolve({ callable: 'demo.Greet', method: 'inspect', resolver: 'explicit_mapping' }),
    ]) {
      assert.ok(handler instanceof MethodDispatchWrapper);
      assert.deepEqual([handler.targetMethod, handler.name, handler.version], ['inspect', 'demo.Greet', '2.1.0']);
      assert.ok(handler.unwrap() instanceof Greet);
      const result = await handler.call(new StepContext(makeStepEvent(), 'x'));
      assert.equal(result.errorCode, 'E1');
    }
    const missing = { callable: 'demo.Greet', method: 'no_such' };
    assert.throws(() => registry.resolveSync(missing), MethodDispatchError);
    await assert.rejects(registry.resolve(missing), MethodDispatchError);
  });

  test('asks resolvers by priority, and only the one that a template names', async () => {
    class Prefixed extends RegistryResolver {
      static override readonly _name: string = 'prefixed';
      static override readonly _priority: number = 5;
      static override readonly prefix: string = 'pre.';
      static override readonly pattern: RegExp = /^v(\d+)\./;

      resolveHandler(_definition: unknown, match: RegExpMatchArray | null): Promise<ExecutableHandler | null> {
        const version = match?.[1] ?? 'prefix';
        return Promise.resolve(new (defineHandler('x', { version }, () => ({})))());
      }
    }
    const registry = new HandlerRegistry();
    registry.register('pre.a', Greet);
    registry.addResolver(new Prefixed());
    assert.deepEqual(registry.listResolvers(), [
      { name: 'prefixed', priority: 5 },
      { name: 'explicit_mapping', priority: 10 },
    ]);
    assert.equal((await registry.resolve('pre.a'))?.version, 'prefix');
    assert.equal((await registry.resolve('v7.b'))?.version, '7');
    assert.equal((await registry.resolve({ callable: 'pre.a', resolver: 'explicit_mapping' }))?.version, '2.1.0');
    assert.equal(await registry.resolve({ callable: 'other', resolver: 'prefixed' }), null);
    await assert.rejects(registry.resolve({ callable: 'pre.a', resolver: 'nobody' }), ResolverNotFoundError);
    assert.equal(registry.resolveSync({ callable: 'pre.a', resolver: 'prefixed' }), null);
  });

  test('refuses what is no handler', async () => {
    const registry = new HandlerRegistry();
    const register = registry.register.bind(registry) as (...given: unknown[]) => void;
    for (const given of [[5], [class {}], [null], ['name'], ['', Greet], ['name', {}], ['name', 'text']]) {
      assert.throws(() => {
        register(...given);
      }, TaskerError);
    }
    await assert.rejects(registry.resolve(''), refusal('spec'));
    await assert.rejects(registry.resolve(null as unknown as string), refusal('spec'));
  });

  test('tells watchers of handlers that come later, until they leave', () => {
    const registry = new HandlerRegistry();
    const names: string[] = [];
    const unwatch = registry.watch((name) => names.push(name));
    registry.register(Greet);
    unwatch();
    registry.register('later', Greet);
    assert.deepEqual(names, ['demo.Greet']);
  });

  test('handler definitions come from strings and step events', () => {
    assert.deepEqual(normalizeToDefinition('a'), { callable: 'a', initialization: {} });
    const definition = fromDto({ callable: 'a', initialization: {} });
    assert.deepEqual(definition, { callable: 'a', method: null, resolver: null, initialization: {} });
    assert.equal(effectiveMethod(definition), 'call');
  });
});
