// An ordinary handler, on the main event loop beside the others.
import { defineHandler } from 'tasker-worker';

import { decode } from './decode.js';

export const countWords = defineHandler({
  name: 'untrusted.CountWords',
  depends: { decoded: decode },
  run: ({ decoded }) => ({ words: decoded.text.split(/\s+/).length, pid: process.pid }),
});
