// The vectors themselves: well formed, complete, and at one with the shapes.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { codes, compileSchemas, read, ROOT, schemas, vectorFiles } from './lib/contract.mjs';

/** @typedef {import('./lib/contract.mjs').Document} Document */

const compiled = compileSchemas();
const ANY_UUID = '0198a3f2-5c6d-7e8f-8a9b-0c1d2e3f4a5b';
const DOORS = ['handle', 'flat', 'runtime'];
const MATCHERS = [
  '$schema',
  '$any',
  '$absent',
  '$matches',
  '$between',
  '$length',
  '$contains',
  '$one_of',
  '$exactly',
  '$string',
];

/** @type {{ file: string, vector: Document, step: Document }[]} */
const steps = [...vectorFiles].flatMap(([file, { vectors }]) =>
  /** @type {Document[]} */ (vectors).flatMap((vector) =>
    /** @type {Document[]} */ (vector.do).map((step) => ({ file, vector, step })),
  ),
);
const flatNames = read('contract/abi/symbols.txt')
  .split('\n')
  .filter((name) => name !== '' && !name.startsWith('tasker_'));
const furtherCalls = [
  'put_template',
  'list_templates',
  'retry_task',
  'check_template',
  'poll_notices',
  'subscribe_domain_events',
  'unsubscribe_domain_events',
  'remove_subscriber',
  'poll_deliveries',
  'acknowledge_delivery',
  'fail_delivery',
  'drain',
  'wait_task',
];

/**
 * The expectations of a step, for whichever door.
 *
 * @param {Document} step
 * @returns {unknown[]}
 */
function expectations(step) {
  return ['expect', ...DOORS.map((door) => `expect_${door}`)].filter((name) => name in step).map((name) => step[name]);
}

/**
 * Every object inside of a value, itself included.
 *
 * @param {any} value
 * @returns {Document[]}
 */
function objectsIn(value) {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.values(value).flatMap(objectsIn);
  return Array.isArray(value) ? inside : [value, ...inside];
}

/**
 * An argument as a door would get it; what is captured is a UUID, and texts are as long as they say.
 *
 * @param {any} value
 * @returns {any}
 */
function filledIn(value) {
  if (typeof value === 'string') return /^\$\w+$/.test(value) ? ANY_UUID : value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(filledIn);
  if ('$string' in value) {
    const pieces = /** @type {(string | { repeat: string, times: number })[]} */ (value.$string);
    return pieces.map((piece) => (typeof piece === 'string' ? piece : piece.repeat.repeat(piece.times))).join('');
  }
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, filledIn(member)]));
}

test('a vector has a name of its own, a source, and only members that replayers know', () => {
  const names = new Set();
  for (const [file, content] of vectorFiles) {
    assert.deepEqual(Object.keys(content), ['about', 'vectors'], file);
    for (const vector of content.vectors) {
      assert.ok(!names.has(vector.name), vector.name);
      names.add(vector.name);
      assert.ok(vector.source, vector.name);
      const known = ['name', 'source', 'doors', 'given', 'do'];
      assert.deepEqual(
        Object.keys(vector).filter((member) => !known.includes(member)),
        [],
        vector.name,
      );
      const given = ['worker', 'config', 'templates', 'tasks'];
      assert.deepEqual(
        Object.keys(vector.given ?? {}).filter((member) => !given.includes(member)),
        [],
        vector.name,
      );
      assert.ok(
        (vector.doors ?? DOORS).every((/** @type {string} */ door) => DOORS.includes(door)),
        vector.name,
      );
      assert.ok((vector.given?.worker ?? 'none') === 'none', vector.name);
      for (const template of vector.given?.templates ?? []) {
        assert.ok(existsSync(join(ROOT, `contract/vectors/templates/${template}.yaml`)), template);
      }
      assert.ok(vector.do.length > 0, vector.name);
    }
  }
});

test('a step calls what there is, with members and matchers that replayers know', () => {
  const known = [
    'call',
    'arguments',
    'wait',
    'expect',
    'expect_flat',
    'expect_handle',
    'expect_runtime',
    'error',
    'capture',
  ];
  for (const { vector, step } of steps) {
    assert.ok(flatNames.includes(step.call) || furtherCalls.includes(step.call), step.call);
    assert.deepEqual(
      Object.keys(step).filter((member) => !known.includes(member)),
      [],
      vector.name,
    );
    for (const object of expectations(step).flatMap(objectsIn)) {
      for (const name of Object.keys(object).filter((member) => member.startsWith('$'))) {
        assert.ok(MATCHERS.includes(name), `${vector.name}: ${name}`);
        if (name === '$schema') assert.ok(schemas.has(object[name].replace('[]', '')), object[name]);
        if (name !== '$schema') assert.equal(Object.keys(object).length, 1, `${vector.name}: ${name} stands alone`);
      }
    }
  }
});

test('a captured name is captured before it is used', () => {
  for (const [, { vectors }] of vectorFiles) {
    for (const vector of vectors) {
      const known = new Set(['store', 'vectors']);
      vector.given?.tasks?.forEach((/** @type {unknown} */ _task, /** @type {number} */ index) => {
        known.add(`task_${String(index + 1)}`);
      });
      for (const step of vector.do) {
        const used = (/** @type {unknown} */ value) =>
          [...JSON.stringify(value ?? null).matchAll(/"\$([a-z]\w*)"(?!:)|\$\{(\w+)\}/g)].map(
            (match) => match[1] ?? match[2],
          );
        assert.deepEqual(
          used(step.arguments).filter((name) => !known.has(name ?? '')),
          [],
          vector.name,
        );
        for (const name of Object.keys(step.capture ?? {})) known.add(name);
        assert.deepEqual(
          expectations(step)
            .flatMap(used)
            .filter((name) => !known.has(name ?? '')),
          [],
          vector.name,
        );
      }
    }
  }
});

test('each flat name is called by a vector, and each further call', () => {
  const called = new Set(steps.map(({ step }) => step.call));
  const elsewhere = ['free_rust_string'];
  assert.deepEqual(
    [...flatNames, ...furtherCalls].filter((name) => !called.has(name) && !elsewhere.includes(name)),
    [],
  );
});

test('each code has a vector, or a row in the README that says why not', () => {
  const provoked = new Set(steps.flatMap(({ step }) => (step.error === undefined ? [] : [step.error.code])));
  const table = read('contract/README.md').split('### Codes')[1] ?? '';
  const explained = [...table.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, code = '']) => code),
  );
  const names = codes.map(({ name }) => name);
  assert.deepEqual(
    [...provoked].filter((code) => !names.includes(code)),
    [],
  );
  assert.deepEqual(names.filter((code) => !provoked.has(code)).sort(), explained.sort());
});

/** Which argument of which call has which shape. */
const inputs = new Map([
  ['complete_step_event', { index: 1, shape: 'step_result' }],
  ['checkpoint_yield_step_event', { index: 1, shape: 'checkpoint' }],
  ['subscribe_domain_events', { index: 0, shape: 'event_subscription' }],
  ['client_create_task', { index: 0, shape: 'task_request' }],
  ['bootstrap_worker', { index: 0, shape: 'config' }],
]);

/** Steps that give a whole document, with what they give. The flat names alone pass over more than a shape allows. */
const given = steps.flatMap(({ vector, step }) => {
  if (vector.doors?.join() === 'flat') return [];
  const input = inputs.get(step.call);
  const argument = step.arguments?.[input?.index ?? 0];
  if (input === undefined || argument === undefined || argument === null || '$text' in argument) return [];
  return [{ vector, step, shape: input.shape, document: filledIn(argument) }];
});

test('what is taken fits its shape', () => {
  const taken = given.filter(({ step }) => step.expect === 1 || step.expect?.success === true);
  assert.ok(taken.length > 100);
  for (const { vector, shape, document } of taken) {
    assert.deepEqual(compiled.problems(shape, document), [], vector.name);
  }
  for (const [, { vectors }] of vectorFiles) {
    for (const vector of vectors) {
      assert.deepEqual(compiled.problems('config', vector.given?.config ?? {}), [], vector.name);
      for (const task of vector.given?.tasks ?? []) assert.deepEqual(compiled.problems('task_request', task), []);
    }
  }
});

test('what is refused for a member does not fit its shape', () => {
  const refused = given.filter(
    ({ step }) => ['INVALID_ARGUMENT', 'INVALID_CONFIG'].includes(step.error?.code) && step.error.field !== undefined,
  );
  assert.ok(refused.length > 80);
  // What no shape can say: days that no month has, a UUID of another step, half a surrogate pair.
  const beyond = (/** @type {Document} */ document, /** @type {string} */ field) =>
    (field === 'requested_at' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(document[field])) ||
    (field === 'step_uuid' && document[field] === '00000000-0000-4000-8000-000000000000') ||
    (field === 'initiator' && document[field] === '\ud800');
  for (const { vector, step, shape, document } of refused) {
    const fits = compiled.problems(shape, document).length === 0;
    assert.equal(fits, beyond(document, step.error.field), `${vector.name}: ${step.error.field}`);
  }
});

test('where a vector expects a whole document, that document fits its shape', () => {
  const whole = steps.flatMap(({ step }) =>
    expectations(step)
      .flatMap(objectsIn)
      .filter((object) => '$exactly' in object && step.call === 'get_worker_status')
      .map((object) => filledIn(object['$exactly'])),
  );
  assert.ok(whole.length > 0);
  for (const document of whole) assert.deepEqual(compiled.problems('worker_status', document), []);
});
