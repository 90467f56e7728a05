import assert from 'node:assert/strict';
import { test } from 'node:test';

import { compareVersions, findRuntimes } from './runtimes.mjs';
import { forEachDoor } from './variants.mjs';

const common = { limit: '', native: '', addon: '', node: '', restate: { reason: 'not needed' }, doors: {} };
const node = { name: 'node 22', version: '22.1.0', command: ['node'] };
const bun = { name: 'bun', version: '1.4.5', command: ['bun'] };
const work = { tasks: 0, steps: 0, checksum: 0 };

/** @param {Omit<import('../programs.mjs').Programs, keyof typeof common>} programs */
function variantsOf(programs) {
  const measured = forEachDoor({ ...common, ...programs }, (runtime, door) => [
    { system: 'tasker', variant: `${runtime.name} ${door}`, work, metrics: {}, command: () => [] },
  ]);
  return measured.map((each) => ('leftOut' in each ? `${each.variant}: ${each.leftOut}` : each.variant));
}

test('versions are compared as numbers', () => {
  assert.ok(compareVersions('22.10.0', '22.9.1') > 0);
  assert.ok(compareVersions('20.20.2', '22.0.0') < 0);
  assert.equal(compareVersions('1.4.5', '1.4.5'), 0);
});

test('the Node that runs the benchmarks comes first, whatever else is there', () => {
  const [first] = findRuntimes();
  assert.ok(first !== undefined && 'command' in first);
  assert.deepEqual(first.command, [process.execPath]);
});

test('both doors of every runtime are measured', () => {
  const variants = variantsOf({ runtimes: [node, bun], ffi: { library: 'x.so', koffi: '3.0.0' } });
  assert.deepEqual(variants, ['node 22 addon', 'node 22 ffi', 'bun addon', 'bun ffi']);
});

test('what is not there is left out with its reason', () => {
  const missing = { name: 'deno', reason: 'no deno' };
  assert.deepEqual(variantsOf({ runtimes: [node, bun, missing], ffi: { library: 'x.so', koffi: null } }), [
    'node 22 addon',
    'node 22 ffi: koffi is not installed; run: npm ci',
    'bun addon',
    'bun ffi',
    'deno: no deno',
  ]);
  assert.deepEqual(variantsOf({ runtimes: [bun], ffi: { library: null, koffi: null } }), [
    'bun addon',
    'bun ffi: libtasker_worker.so is not built',
  ]);
});
