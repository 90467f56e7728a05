// A bare worker thread or child process: runs what it is sent, in order, and answers with the result.
import { parentPort } from 'node:worker_threads';

import * as own from './functions.mjs';

/** @typedef {{ name: string, argument: any }} Call */

/** @type {Record<string, (argument: any) => unknown>} */
const functions = own;

if (parentPort === null) {
  process.on('message', (/** @type {Call} */ { name, argument }) => process.send?.(functions[name]?.(argument)));
} else {
  const port = parentPort;
  port.on('message', (/** @type {Call} */ { name, argument }) => port.postMessage(functions[name]?.(argument)));
}
