import assert from 'node:assert/strict';
import { test } from 'node:test';

import { runMeasurement } from './process.mjs';

const timeout_ms = 30_000;

/** @param {string} code */
function node(code) {
  return [process.execPath, '-e', code];
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('the last line of output is the figures', async () => {
  const work = { tasks: 1, steps: 4, checksum: 10 };
  const code = `console.log('starting'); console.log(JSON.stringify({ elapsed_s: 2, work: ${JSON.stringify(work)} }))`;
  assert.deepEqual(await runMeasurement(node(code), { timeout_ms }), { elapsed_s: 2, work });
});

test('a program gets the environment that is asked for', async () => {
  const code = 'console.log(JSON.stringify({ work: {}, values: { n: Number(process.env.N) } }))';
  const output = await runMeasurement(node(code), { timeout_ms, environment: { N: '7' } });
  assert.deepEqual(output.values, { n: 7 });
});

test('a failing program is an error with the end of what it said', async () => {
  const code = 'console.error("disk full"); process.exit(3)';
  await assert.rejects(runMeasurement(node(code), { timeout_ms }), /exit code 3\ndisk full$/);
});

test('a program without figures is an error', async () => {
  for (const code of ['', 'console.log("{")', 'console.log("{}")', 'console.log("null")']) {
    await assert.rejects(runMeasurement(node(code), { timeout_ms }), /printed no figures/);
  }
});

test('a program that cannot be started is an error', async () => {
  await assert.rejects(runMeasurement(['/nonexistent/program'], { timeout_ms }), /ENOENT/);
});

test('a program that takes too long is ended', async () => {
  const code = 'setInterval(() => {}, 1000)';
  await assert.rejects(runMeasurement(node(code), { timeout_ms: 200 }), /longer than 200 ms/);
});

test('nothing that a program started stays behind', async () => {
  const code = `
    const { spawn } = require('node:child_process');
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    child.unref();
    console.log(JSON.stringify({ work: {}, values: { pid: child.pid } }));`;
  const { values } = await runMeasurement(node(code), { timeout_ms });
  const pid = values?.['pid'] ?? 0;
  assert.ok(pid > 0);
  const deadline = performance.now() + 10_000;
  while (isRunning(pid) && performance.now() < deadline) await new Promise(setImmediate);
  assert.equal(isRunning(pid), false);
});
