// The bare door as a C library, through the FFI of the runtime that this is. Texts cross as in the package's FFI door:
// into a buffer that is kept, decoded there; out of one that is kept, encoded into it.
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** @typedef {import('./open.mjs').Door} Door */

/**
 * The library's functions; buffers have the form that the runtime's FFI takes.
 *
 * @typedef {object} BareCalls
 * @property {() => number} number
 * @property {(max: number) => number} pollInto returns 0
 * @property {(idBytes: number, resultBytes: number) => number} complete
 * @property {(completionsBytes: number) => number} completeMany
 * @property {() => number} resultBytes
 */

const require = createRequire(import.meta.url);
const IN_BYTES = 1 << 20;
const ID_BYTES = 64;
const WORKER = 7;

/** Memory that both sides see. Made of ArrayBuffers: Bun may move a small typed array that has none. */
function makeBuffers() {
  const bytes = (/** @type {number} */ size) => new Uint8Array(new ArrayBuffer(size));
  const size = bytes(8);
  return {
    events: bytes(IN_BYTES),
    size,
    sizes: new Uint32Array(size.buffer),
    id: bytes(ID_BYTES),
    out: bytes(IN_BYTES),
  };
}

/** @typedef {ReturnType<typeof makeBuffers>} Buffers */

/**
 * @param {string} path
 * @param {Buffers} buffers
 * @returns {BareCalls}
 */
function openWithKoffi(path, { events, size, id, out }) {
  const library = require('koffi').load(path);
  const poll = library.func('int bare_poll_into(uint64_t, uint32_t, void*, size_t, void*, void*)');
  const complete = library.func('int bare_complete(uint64_t, void*, size_t, void*, size_t, void*)');
  const completeMany = library.func('int bare_complete_many(uint64_t, void*, size_t, void*, void*)');
  return {
    number: library.func('uint32_t bare_number()'),
    pollInto: (max) => poll(WORKER, max, events, IN_BYTES, size, null),
    complete: (idBytes, resultBytes) => complete(WORKER, id, idBytes, out, resultBytes, null),
    completeMany: (bytes) => completeMany(WORKER, out, bytes, null, null),
    resultBytes: library.func('double bare_result_bytes()'),
  };
}

/**
 * @param {string} path
 * @param {Buffers} buffers
 * @returns {BareCalls}
 */
function openWithBun(path, buffers) {
  const { dlopen, ptr } = require('bun:ffi');
  const { symbols } = dlopen(path, {
    bare_number: { args: [], returns: 'u32' },
    bare_poll_into: { args: ['u64_fast', 'u32', 'ptr', 'u64_fast', 'ptr', 'ptr'], returns: 'i32' },
    bare_complete: { args: ['u64_fast', 'ptr', 'u64_fast', 'ptr', 'u64_fast', 'ptr'], returns: 'i32' },
    bare_complete_many: { args: ['u64_fast', 'ptr', 'u64_fast', 'ptr', 'ptr'], returns: 'i32' },
    bare_result_bytes: { args: [], returns: 'double' },
  });
  const [events, size, id, out] = [buffers.events, buffers.size, buffers.id, buffers.out].map((view) => ptr(view));
  return {
    number: () => symbols.bare_number(),
    pollInto: (max) => symbols.bare_poll_into(WORKER, max, events, IN_BYTES, size, null),
    complete: (idBytes, resultBytes) => symbols.bare_complete(WORKER, id, idBytes, out, resultBytes, null),
    completeMany: (bytes) => symbols.bare_complete_many(WORKER, out, bytes, null, null),
    resultBytes: () => symbols.bare_result_bytes(),
  };
}

/**
 * @param {string} path
 * @param {Buffers} buffers
 * @returns {BareCalls}
 */
function openWithDeno(path, { events, size, id, out }) {
  const { Deno } = /** @type {{ Deno: { dlopen: (path: string, symbols: object) => { symbols: any } } }} */ (
    /** @type {unknown} */ (globalThis)
  );
  const { symbols } = Deno.dlopen(path, {
    bare_number: { parameters: [], result: 'u32' },
    bare_poll_into: { parameters: ['u64', 'u32', 'buffer', 'u64', 'buffer', 'pointer'], result: 'i32' },
    bare_complete: { parameters: ['u64', 'buffer', 'u64', 'buffer', 'u64', 'pointer'], result: 'i32' },
    bare_complete_many: { parameters: ['u64', 'buffer', 'u64', 'pointer', 'pointer'], result: 'i32' },
    bare_result_bytes: { parameters: [], result: 'f64' },
  });
  return {
    number: () => symbols.bare_number(),
    pollInto: (max) => symbols.bare_poll_into(WORKER, max, events, IN_BYTES, size, null),
    complete: (idBytes, resultBytes) => symbols.bare_complete(WORKER, id, idBytes, out, resultBytes, null),
    completeMany: (bytes) => symbols.bare_complete_many(WORKER, out, bytes, null, null),
    resultBytes: () => symbols.bare_result_bytes(),
  };
}

/**
 * @param {string} path
 * @param {Buffers} buffers
 */
function openCalls(path, buffers) {
  if ('Bun' in globalThis) return openWithBun(path, buffers);
  if ('Deno' in globalThis) return openWithDeno(path, buffers);
  return openWithKoffi(path, buffers);
}

/** @returns {Door} */
export function openBareLibrary() {
  const buffers = makeBuffers();
  const calls = openCalls(join(process.env['BENCH_BARE_DIRECTORY'] ?? '', 'libbare.so'), buffers);
  const encoder = new TextEncoder();
  const { latin1Slice } = /** @type {{ latin1Slice: (start: number, end: number) => string }} */ (
    /** @type {unknown} */ (Buffer.prototype)
  );
  // Decoding Latin-1 copies bytes; the events are ASCII.
  const decode = (/** @type {number} */ end) => latin1Slice.call(buffers.events, 0, end);
  const encode = (/** @type {string} */ text, /** @type {Uint8Array} */ into) => encoder.encodeInto(text, into).written;
  const must = (/** @type {number} */ status) => {
    if (status !== 0) throw new Error(`the bare library answers ${status}`);
  };
  return {
    number: calls.number,
    poll: (max) => {
      must(calls.pollInto(max));
      return decode(buffers.sizes[0] ?? 0);
    },
    complete: (eventId, result) => must(calls.complete(encode(eventId, buffers.id), encode(result, buffers.out))),
    completeMany: (completions) => must(calls.completeMany(encode(completions, buffers.out))),
    count: (completed, bytes) => (calls.resultBytes() === bytes ? completed : Number.NaN),
    close: async () => {},
  };
}
