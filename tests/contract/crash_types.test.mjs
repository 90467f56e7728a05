// The error types of crashes are one list: the contract's, which the core reads, and TypeScript's.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { read } from './lib/contract.mjs';

test('crash-types.ts has the types of crash_types.def, with the same defaults', () => {
  const defined = [...read('contract/crash_types.def').matchAll(/^TASKER_CRASH\((\w+),\s*(true|false),/gm)];
  const source = read('frontends/typescript/src/errors/crash-types.ts');
  const defaults = /crashRetryDefaults[^{]*\{([^}]*)\}/.exec(source)?.[1] ?? '';
  const written = [...defaults.matchAll(/^ {2}(\w+): (true|false),$/gm)];
  assert.ok(defined.length > 0);
  assert.deepEqual(
    written.map(([, type, retryable]) => [type, retryable]),
    defined.map(([, type, retryable]) => [type, retryable]),
  );
});
