// The command line and what is printed.
import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { test } from 'node:test';

import { parseOptions, UsageError, USAGE } from '../terminal/options.js';
import { Printer } from '../terminal/printer.js';
import { formatTable, formatTime, summarizeResult } from '../terminal/table.js';

test('without arguments everything lies in the folder out', () => {
  const options = parseOptions([]);
  assert.equal(options.storePath, join(options.outputDir, 'tasker.db'));
  assert.ok(options.outputDir.endsWith(join('flight-report', 'out')));
  assert.deepEqual([options.fresh, options.json, options.help], [false, false, false]);
});

test('the store goes with the output folder unless it is named', () => {
  assert.equal(parseOptions(['--out', 'x']).storePath, resolve('x/tasker.db'));
  assert.equal(parseOptions(['--out=x', '--store=y/z.db']).storePath, resolve('y/z.db'));
});

const refused: [args: string[], message: RegExp][] = [
  [['--frseh'], /^unknown option --frseh; known are --fresh, /],
  [['-f'], /^unknown option -f; known are /],
  [['run'], /^unexpected argument run; known are /],
  [['--store'], /^option --store needs a path/],
  [['--out='], /^option --out needs a path/],
  [['--out', '--fresh'], /^option --out needs a path/],
  [['--fresh=yes'], /^option --fresh takes no value, got yes$/],
  [['--constructor'], /^unknown option --constructor/],
];
for (const [args, message] of refused) {
  test(`the arguments ${args.join(' ')} are refused`, () => {
    assert.throws(
      () => parseOptions(args),
      (error: unknown) => error instanceof UsageError && message.test(error.message),
    );
  });
}

test('the usage names every option', () => {
  for (const option of ['--fresh', '--json', '--store PATH', '--out DIR', '--help']) {
    assert.ok(USAGE.includes(option), option);
  }
});

test('colour is used on a terminal only, and not with NO_COLOR', () => {
  const printed = (isTTY: boolean, environment: Record<string, string>) => {
    let text = '';
    const output = { isTTY, write: (part: string) => (text += part) };
    new Printer(output, environment, ['load']).completed('load', 1, 12);
    return text;
  };
  assert.equal(printed(false, {}), '  load  completed  attempt 1  12 ms\n');
  assert.equal(printed(true, { NO_COLOR: '1' }), printed(false, {}));
  assert.ok(printed(true, { NO_COLOR: '' }).includes('\u001b[32mcompleted\u001b[0m'));
});

test('the table lines up, and a step that is not complete shows its state', () => {
  let text = '';
  const printer = new Printer({ write: (part: string) => (text += part) }, {}, ['a']);
  printer.table([
    { step: 'load', state: 'complete', attempts: 12, time_ms: 9, result: { rows: 3, file: '/x/y.bin' }, error: null },
    { step: 'go', state: 'error', attempts: 1, time_ms: null, result: null, error: 'no' },
  ]);
  assert.deepEqual(text.split('\n'), [
    'step  attempts  time  result',
    '----  --------  ----  ------------------',
    'load        12  9 ms  rows 3, file y.bin',
    'go           1     -  error',
    '',
  ]);
});

test('times are short at every size', () => {
  assert.deepEqual([0, 9999, 12_345].map(formatTime), ['0 ms', '9999 ms', '12.3 s']);
});

test('a result is summed up in one line', () => {
  assert.equal(
    summarizeResult({ delay_mean: 1234.56, list: [1, 2], nested: { a: 1 }, none: null }),
    'delay mean 1,234.6, list (2), nested {"a":1}, none null',
  );
  assert.equal(summarizeResult('text'), '"text"');
});

test('a result that is too long for the line is cut', () => {
  const step = { step: 'load', state: 'complete', attempts: 1, time_ms: 9, error: null };
  const table = formatTable([{ ...step, result: { text: 'x'.repeat(500) } }], 80);
  assert.deepEqual(
    table.map((line) => line.length),
    [28, 80, 80],
  );
  assert.ok(table[2]?.endsWith('xxx...'));
});
