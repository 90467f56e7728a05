import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';

import {
  ERROR_CODES,
  HandlerError,
  InputError,
  PermanentError,
  RetryableError,
  StateError,
  StoreError,
  TaskerError,
  isErrorCode,
  makeTaskerError,
  toError,
  toTaskerError,
  type ErrorCode,
} from 'tasker-worker';

import { nativeError } from '../support/fake-door.js';

const packageFolder = new URL('../../../', import.meta.url);

interface Generator {
  renderCodes(definitions: string): string;
}

suite('error codes', () => {
  test('codes.ts is what the generator makes of contract/errors.def', async () => {
    const generator = (await import(new URL('tools/generate-codes.mjs', packageFolder).href)) as Generator;
    const definitions = readFileSync(new URL('../../contract/errors.def', packageFolder), 'utf8');
    const generated = readFileSync(new URL('src/errors/codes.ts', packageFolder), 'utf8');
    assert.equal(generator.renderCodes(definitions), generated);
    assert.equal(Object.keys(ERROR_CODES).length, definitions.match(/^TASKER_ERROR\(/gm)?.length);
  });

  test('every code has a class, its retryability and a brand', () => {
    for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
      const error = makeTaskerError(code, 'text', { field: 'a.b' });
      assert.equal(error.code, code);
      assert.equal(error.retryable, ERROR_CODES[code].retryable);
      assert.equal(error.field, 'a.b');
      assert.ok(error instanceof TaskerError);
      assert.ok(error instanceof Error);
      assert.notEqual(error.name, 'TaskerError');
      assert.ok(isErrorCode(code));
    }
    assert.equal(isErrorCode('toString'), false);
  });
});

suite('instanceof', () => {
  test('knows an error of another copy of the package', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tasker-copy-'));
    cpSync(new URL('dist/errors', packageFolder), folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const copy = (await import(pathToFileURL(join(folder, 'tasker-error.js')).href)) as {
      StoreError: typeof StoreError;
    };
    rmSync(folder, { recursive: true });
    assert.notEqual(copy.StoreError, StoreError);
    const foreign = new copy.StoreError('STORE_FULL', 'no room');
    assert.ok(foreign instanceof StoreError);
    assert.ok(foreign instanceof TaskerError);
    assert.equal(foreign instanceof StateError, false);
  });

  test('a subclass of an author is compared by identity', () => {
    class QuotaError extends PermanentError {}
    assert.ok(new QuotaError('over') instanceof QuotaError);
    assert.ok(new QuotaError('over') instanceof PermanentError);
    assert.equal(new PermanentError('other') instanceof QuotaError, false);
  });

  test('is false for values that are no objects', () => {
    for (const value of [null, undefined, 1, 'text', {}]) {
      const given: unknown = value;
      assert.equal(given instanceof TaskerError, false);
    }
  });
});

suite('toTaskerError', () => {
  test('takes code, field, retryable and detail of an addon error and keeps it as the cause', () => {
    const thrown = nativeError('STORE_FAILED', 'disk', {
      field: 'store_path',
      retryable: true,
      detail: 'SQLITE_IOERR',
    });
    const error = toTaskerError(thrown);
    assert.ok(error instanceof StoreError);
    assert.deepEqual(
      [error.code, error.message, error.field, error.retryable, error.detail, error.cause],
      ['STORE_FAILED', 'disk', 'store_path', true, 'SQLITE_IOERR', thrown],
    );
  });

  test('makes INTERNAL of an error without a known code', () => {
    const error = toTaskerError(nativeError('ENOENT', 'gone'));
    assert.equal(error.code, 'INTERNAL');
    assert.equal(error.message, 'gone');
  });

  test('returns a TaskerError as it is', () => {
    const error = new InputError('TOO_LARGE', 'long');
    assert.equal(toTaskerError(error), error);
  });
});

suite('toError', () => {
  test('shows values that are no errors', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    const shown = [
      ['text', 'text'],
      [42, '42'],
      [undefined, 'undefined'],
      [null, 'null'],
      [{ a: 1 }, '{"a":1}'],
      [5n, '[object BigInt]'],
      [cycle, '[object Object]'],
    ] as const;
    for (const [value, message] of shown) {
      assert.equal(toError(value).message, message);
    }
  });

  test('keeps message and stack of an error of another realm', () => {
    const foreign: unknown = runInNewContext('new TypeError("far")');
    assert.equal(foreign instanceof Error, false);
    const error = toError(foreign);
    assert.equal(error.message, 'far');
    assert.match(error.stack ?? '', /TypeError: far/);
  });

  test('survives a value whose reading throws', () => {
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error('trap');
        },
        getPrototypeOf() {
          throw new Error('trap');
        },
      },
    );
    assert.match(toError(hostile).message, /can not be read/);
  });
});

suite('handler errors', () => {
  test('PermanentError is not retried, RetryableError is', () => {
    const permanent = new PermanentError('no', { why: 1 });
    assert.deepEqual(
      [permanent.retryable, permanent.errorType, permanent.metadata],
      [false, 'permanent_error', { why: 1 }],
    );
    const retryable = new RetryableError('later', {}, { retryAfterSeconds: 2.5, cause: 'x' });
    assert.deepEqual(
      [retryable.retryable, retryable.errorType, retryable.retryAfterSeconds, retryable.cause],
      [true, 'retryable_error', 2.5, 'x'],
    );
    assert.ok(permanent instanceof HandlerError && retryable instanceof HandlerError);
  });

  test('RetryableError ignores a delay that is no time', () => {
    for (const retryAfterSeconds of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.equal(new RetryableError('x', {}, { retryAfterSeconds }).retryAfterSeconds, undefined);
    }
  });
});
