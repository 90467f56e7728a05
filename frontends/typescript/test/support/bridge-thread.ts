// A second thread on the bus of the test's worker: answers each `ping` with a `pong` of the same number, and says when it
// listens. Ends with the event `bye`.
import { parentPort, workerData } from 'node:worker_threads';

import { EventBridge } from 'tasker-worker';

interface Talk {
  ping: { n: number };
  pong: { n: number };
  bye: null;
}

const bridge = EventBridge.attach<Talk>(workerData as string);
bridge.subscribe('ping', ({ payload }) => bridge.publish('pong', { n: payload.n }));
bridge.subscribe('bye', () => bridge.close());
parentPort?.postMessage('listening');
