// The handler that nobody trusts. It runs in a child process: when the library takes the process with it, this step has
// failed and nothing else.
import { Buffer } from 'node:buffer';

import { defineHandler } from 'tasker-worker';

import { decodeSafely } from '../lib/documents.js';
import { decodeFast } from '../lib/native-decoder.js';

export const decode = defineHandler({
  name: 'untrusted.Decode',
  module: import.meta.url,
  executor: 'process',
  step: 'decode',
  run: ({ context }) => {
    const bytes = Buffer.from(context.getInputOr('content', ''), 'base64');
    // A second attempt means that the first one has crashed or was killed: take the slow way then.
    return context.isRetry()
      ? { text: decodeSafely(bytes), decoder: 'safe', pid: process.pid }
      : { text: decodeFast(bytes), decoder: 'fast', pid: process.pid };
  },
});
