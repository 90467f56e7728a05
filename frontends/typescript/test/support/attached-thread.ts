// A thread that attaches to a worker of its process, takes steps as they come, and does with each what its context says:
// completes it (nothing said), holds it, blocks for ever, detaches, or ends the thread.
import { parentPort, workerData } from 'node:worker_threads';

import { loadDoor, type DoorName } from 'tasker-worker/native';

const { door, token, name } = workerData as { door: DoorName; token: string; name: string };

interface Taken {
  readonly event_id: string;
  readonly task: { readonly context: { readonly then?: 'hold' | 'block' | 'detach' | 'exit' } };
}

const native = loadDoor({ door }).native;
const attachment = native.attach(token, 'threads', name);

function say(message: Record<string, unknown>): void {
  parentPort?.postMessage({ id: attachment.id, ...message });
}

function handle({ event_id, task }: Taken): void {
  const { then } = task.context;
  if (then === undefined) {
    attachment.completeStepEvent(event_id, '{"success":true,"result":{}}');
    return;
  }
  say({ holds: event_id });
  if (then === 'block') {
    for (;;);
  } else if (then === 'detach') {
    attachment.detach();
    attachment.detach();
    say({ detached: true });
  } else if (then === 'exit') {
    setImmediate(() => process.exit(3));
  }
}

function take(): void {
  const notices = attachment.pollNotices(64);
  if (notices !== null) {
    say({ notices: JSON.parse(notices) as unknown });
  }
  for (let text = attachment.pollStepEvents(4); text !== null; text = attachment.pollStepEvents(4)) {
    const events = JSON.parse(text) as Taken[];
    events.forEach(handle);
    if (events.length < 4) {
      break;
    }
  }
}

attachment.setWakeup(take);
if (attachment.delivery === 'poll') {
  setInterval(take, 5);
}
say({ ready: true });
