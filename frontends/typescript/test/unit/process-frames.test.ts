import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { suite, test } from 'node:test';

import { blame, endingOf, readFault, type LastWords } from '#dist/executors/process/endings.js';
import {
  encodeFrame,
  FRAME_HEADER_BYTES,
  FrameError,
  FrameKind,
  FrameReader,
  readBody,
  type Frame,
} from '#dist/executors/process/frames.js';
import { LineBudget, LineSplitter } from '#dist/executors/process/output-lines.js';
import { checkProcessOptions, fillProcessOptions } from '#dist/executors/process/options.js';
import { processorMs, residentBytes } from '#dist/executors/process/process-memory.js';
import { factsOfText } from '#dist/executors/process/step-facts.js';

import { makeStepEvent } from '../support/step-event.js';

function readAll(bytes: Buffer, pieceBytes: number, bodyBytesMax = 1000): { frames: Frame[]; reader: FrameReader } {
  const frames: Frame[] = [];
  const reader = new FrameReader(bodyBytesMax, (frame) => frames.push(frame));
  for (let from = 0; from < bytes.length; from += pieceBytes) {
    reader.push(bytes.subarray(from, from + pieceBytes));
  }
  return { frames, reader };
}

suite('frames', () => {
  const sent: Frame[] = [
    { kind: FrameKind.RUN, step: 1, body: '{"größe":"✓"}' },
    { kind: FrameKind.STOP, step: 0, body: '' },
    { kind: FrameKind.RESULT, step: 0xffffffff, body: 'x'.repeat(999) },
  ];
  const bytes = Buffer.concat(sent.map(({ kind, step, body }) => encodeFrame(kind, step, body)));

  test('arrive whole and in order, however their bytes are cut', () => {
    for (const pieceBytes of [1, 2, 3, 7, 11, 12, 13, 64, bytes.length]) {
      const { frames, reader } = readAll(bytes, pieceBytes);
      assert.deepEqual(frames, sent);
      assert.equal(reader.isTorn, false);
    }
  });

  test('that end early are torn, wherever they end', () => {
    const one = encodeFrame(FrameKind.RUN, 1, 'abc');
    for (let length = 1; length < one.length; length += 1) {
      const { frames, reader } = readAll(one.subarray(0, length), 4);
      assert.deepEqual(frames, []);
      assert.equal(reader.isTorn, true);
    }
  });

  test('of the longest body pass, and one byte more is refused before it arrives', () => {
    assert.equal(readAll(encodeFrame(FrameKind.RESULT, 1, 'x'.repeat(1000)), 4096).frames.length, 1);
    const over = encodeFrame(FrameKind.RESULT, 1, 'x'.repeat(1001)).subarray(0, FRAME_HEADER_BYTES);
    assert.throws(() => readAll(over, 4096), FrameError);
  });

  test('are not made of garbage', () => {
    const good = encodeFrame(FrameKind.RUN, 1);
    const spoilt = (at: number, value: number): Buffer => {
      const copy = Buffer.from(good);
      copy[at] = value;
      return copy;
    };
    const cases = [
      spoilt(0, 0),
      spoilt(1, 0),
      spoilt(1, 99),
      spoilt(2, 1),
      spoilt(3, 1),
      Buffer.from('HTTP/1.1 200 OK\r\n'),
    ];
    for (const garbage of cases) {
      assert.throws(() => readAll(garbage, 5), FrameError);
    }
  });

  test('have a body that is a JSON object, where one is due', () => {
    const frame = { kind: FrameKind.HELLO, step: 0 };
    assert.deepEqual(readBody({ ...frame, body: '{"a":1}' }), { a: 1 });
    for (const body of ['', 'null', '[]', '1', '{']) {
      assert.throws(() => readBody({ ...frame, body }), FrameError);
    }
  });
});

suite('the end of a child', () => {
  const words = (parts: Partial<LastWords>): LastWords => ({
    end: { code: null, signal: 'SIGKILL' },
    fault: null,
    verdict: null,
    loading: null,
    stderrTail: '',
    ...parts,
  });
  const cases: [string, Partial<LastWords>, string][] = [
    ['an exit code', { end: { code: 3, signal: null } }, 'process_exit'],
    ['a signal', { end: { code: null, signal: 'SIGSEGV' } }, 'fatal_signal'],
    ['SIGKILL from outside', {}, 'fatal_signal'],
    ['an abort', { end: { code: null, signal: 'SIGABRT' } }, 'process_abort'],
    [
      'an abort of V8 at its heap limit',
      { end: { code: null, signal: 'SIGABRT' }, stderrTail: 'FATAL ERROR: Reached heap limit Allocation failed' },
      'heap_limit',
    ],
    [
      'a trap of V8 at its heap limit',
      { end: { code: null, signal: 'SIGTRAP' }, stderrTail: '# Fatal JavaScript out of memory: Reached heap limit' },
      'heap_limit',
    ],
    [
      'a trap of V8 at its heap limit, in other words',
      { end: { code: null, signal: 'SIGTRAP' }, stderrTail: '# Fatal JavaScript out of memory: CALL_AND_RETRY_LAST' },
      'heap_limit',
    ],
    [
      'an abort without memory',
      { end: { code: null, signal: 'SIGABRT' }, stderrTail: 'what(): std::bad_alloc' },
      'out_of_memory',
    ],
    [
      'a signal of a handler that only writes of memory',
      { end: { code: null, signal: 'SIGSEGV' }, stderrTail: 'out of memory' },
      'fatal_signal',
    ],
    [
      'a verdict of this side',
      { verdict: { errorType: 'out_of_memory', message: 'too large', backtrace: null } },
      'out_of_memory',
    ],
    [
      'a fault, also when the child had to be killed for it',
      {
        fault: { type: 'uncaught_exception', message: 'oh', backtrace: null, steps: [1] },
        verdict: { errorType: 'executor_lost', message: 'outlived', backtrace: null },
      },
      'uncaught_exception',
    ],
    ['a module that was being loaded', { end: { code: 1, signal: null }, loading: 'a.B' }, 'module_load_failed'],
  ];
  for (const [name, parts, expected] of cases) {
    test(`is read from ${name}`, () => {
      assert.equal(endingOf(words(parts)).errorType, expected);
    });
  }

  test('names the signal', () => {
    assert.match(endingOf(words({ end: { code: null, signal: 'SIGBUS' } })).message, /SIGBUS/);
  });

  test('is blamed on those that are known to be the cause, else on all', () => {
    const steps = [1, 2, 3].map((number) => ({ number, facts: { handlerName: `h${number}` } }));
    const culprits = (known: Parameters<typeof blame>[1]): number[] =>
      blame(steps, known).culprits.map(({ number }) => number);
    const none = { condemned: null, fault: null, loading: null };
    assert.deepEqual(culprits(none), [1, 2, 3]);
    assert.deepEqual(culprits({ ...none, condemned: new Set([2]) }), [2]);
    assert.deepEqual(culprits({ ...none, loading: 'h3' }), [3]);
    const fault = { type: 'uncaught_exception', message: '', backtrace: null, steps: [1] } as const;
    assert.deepEqual(culprits({ ...none, fault }), [1]);
    assert.deepEqual(blame(steps, { ...none, condemned: new Set() }).neighbours.length, 3);
  });

  test('is not told by a fault without its members', () => {
    const good = { type: 'unhandled_rejection', message: 'm', backtrace: ['at x'], steps: [1] };
    const frame = (body: object): Frame => ({ kind: FrameKind.FAULT, step: 0, body: JSON.stringify(body) });
    assert.deepEqual(readFault(frame(good)), good);
    for (const bad of [
      { ...good, type: 'x' },
      { ...good, message: 1 },
      { ...good, steps: ['1'] },
      { ...good, steps: 1 },
    ]) {
      assert.throws(() => readFault(frame(bad)), FrameError);
    }
  });
});

suite('output of a child', () => {
  const linesOf = (...pieces: (string | Buffer)[]): string[] => {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    for (const piece of pieces) {
      splitter.push(Buffer.from(piece));
    }
    splitter.end();
    return lines;
  };

  test('comes line by line, however it is cut', () => {
    assert.deepEqual(linesOf('a\nb', 'c\n\n', 'd'), ['a', 'bc', '', 'd']);
    assert.deepEqual(linesOf('a\r\nb\r\n'), ['a', 'b']);
    const bytes = Buffer.from('zwölf\n');
    assert.deepEqual(linesOf(bytes.subarray(0, 3), bytes.subarray(3)), ['zwölf']);
    assert.deepEqual(linesOf(), []);
  });

  test('has no endless lines', () => {
    const lines = linesOf('x'.repeat(20_000), 'y'.repeat(20_000), '\n');
    assert.equal(lines.join('').length, 40_000);
    assert.ok(lines.every(({ length }) => length <= 8192));
  });

  test('beyond its share of a second is dropped and counted', () => {
    let now = 0;
    const budget = new LineBudget(2, () => now);
    assert.deepEqual([budget.take(), budget.take(), budget.take(), budget.take()], [true, true, false, false]);
    now = 1000;
    assert.equal(budget.take(), true);
    assert.deepEqual([budget.takeDropped(), budget.takeDropped()], [2, 0]);
  });
});

suite('options of child processes', () => {
  test('are refused with name, value and what is expected', () => {
    const cases: [Record<string, unknown>, string][] = [
      [{ poolSize: 0 }, 'o.poolSize'],
      [{ poolSize: 257 }, 'o.poolSize'],
      [{ stepsPerChild: 1.5 }, 'o.stepsPerChild'],
      [{ niceness: 20 }, 'o.niceness'],
      [{ mode: 'both' }, 'o.mode'],
      [{ cpuLimitMs: 100, stepsPerChild: 2 }, 'o.cpuLimitMs'],
      [{ environment: { A: 1 } }, 'o.environment.A'],
      [{ environment: { 'A=B': '1' } }, 'o.environment.A=B'],
      [{ inheritEnvironment: 'some' }, 'o.inheritEnvironment'],
      [{ runtimeArguments: [1] }, 'o.runtimeArguments'],
      [{ workingFolder: '' }, 'o.workingFolder'],
    ];
    for (const [options, field] of cases) {
      assert.throws(
        () => {
          checkProcessOptions(options, 'o');
        },
        { code: 'INVALID_ARGUMENT', field },
      );
    }
    checkProcessOptions({ poolSize: 256, stepsPerChild: 1, niceness: 0, inheritEnvironment: 'all' }, 'o');
  });

  test('let children inherit what they are allowed to, and nothing else', () => {
    process.env['SECRET_OF_THE_TEST'] = 'secret';
    try {
      const filled = fillProcessOptions({ environment: { GIVEN: 'yes' } });
      assert.equal(filled.environment['PATH'], process.env['PATH']);
      assert.equal(filled.environment['GIVEN'], 'yes');
      assert.equal('SECRET_OF_THE_TEST' in filled.environment, false);
      const all = fillProcessOptions({ inheritEnvironment: 'all' });
      assert.equal(all.environment['SECRET_OF_THE_TEST'], 'secret');
      const named = fillProcessOptions({ inheritEnvironment: ['SECRET_OF_THE_TEST'] });
      assert.deepEqual(named.environment, { SECRET_OF_THE_TEST: 'secret' });
    } finally {
      delete process.env['SECRET_OF_THE_TEST'];
    }
  });
});

suite('what the kernel says of a process', () => {
  test('is its memory and its processor time', () => {
    assert.ok((residentBytes(process.pid) ?? 0) > 1_000_000);
    const before = processorMs(process.pid) ?? 0;
    const deadline = performance.now() + 60_000;
    while ((processorMs(process.pid) ?? 0) === before && performance.now() < deadline);
    assert.ok((processorMs(process.pid) ?? 0) > before);
  });

  test('is nothing when there is none', () => {
    assert.deepEqual([residentBytes(2 ** 30), processorMs(2 ** 30)], [null, null]);
  });
});

suite('ids of a step event', () => {
  const event = makeStepEvent({ callable: 'a.B', context: { event_id: 'not this one', callable: 'nor this' } });
  const expected = {
    eventId: event.event_id,
    taskUuid: event.task_uuid,
    stepUuid: event.step_uuid,
    handlerName: 'a.B',
  };

  test('are read from its text, in whatever order its members come', () => {
    assert.deepEqual({ ...factsOfText(JSON.stringify(event)) }, expected);
    const reversed = Object.fromEntries(Object.entries(event).reverse());
    assert.deepEqual({ ...factsOfText(JSON.stringify(reversed)) }, expected);
  });
});
