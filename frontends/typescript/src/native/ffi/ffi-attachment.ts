// An attachment behind an FFI door. It has no wake-up: a callback of a thread that was terminated ends the process when
// the library calls it, on Node and Bun. So threads ask.
import type { ExecutorName, NativeAttachment } from '../native-executors.js';
import { checkText, executorNumber } from './arguments.js';
import type { FfiContext } from './context.js';
import { FfiSteps, type StepCalls } from './ffi-steps.js';

const calls: StepCalls = {
  complete: 'tasker_attachment_complete_step_event',
  completeAll: 'tasker_attachment_complete_step_events_json',
  checkpoint: 'tasker_attachment_checkpoint_step_event',
  beginCheckpoint: 'tasker_attachment_checkpoint_step_event_begin',
  replies: 'tasker_attachment_poll_replies',
  handBack: 'tasker_attachment_hand_back',
  notices: 'tasker_attachment_poll_notices',
};

/** A thread that ends without `detach` leaves it to the worker's `endAttachment`. */
export class FfiAttachment extends FfiSteps implements NativeAttachment {
  readonly delivery = 'poll';
  readonly id: number;

  /** @throws NOT_FOUND, CLOSED, FORKED, DRAINING, INVALID_ARGUMENT */
  static attach(context: FfiContext, token: string, executor: ExecutorName, name: string): FfiAttachment {
    checkText('attach', 'token', token);
    const number = executorNumber('attach', executor);
    checkText('attach', 'name', name);
    const { library, memory } = context;
    memory.putTwo(token, name);
    context.check(
      library.call.tasker_attachment_attach(
        memory.first,
        memory.firstSize,
        number,
        memory.second,
        memory.secondSize,
        memory.handleOut,
        memory.error,
      ),
    );
    return new FfiAttachment(context);
  }

  private constructor(context: FfiContext) {
    super(context, 'attachment', calls);
    const { library, memory } = context;
    context.check(library.call.tasker_attachment_get_id(this.handle, memory.countOut, memory.error));
    this.id = memory.count();
  }

  pollStepEvents(max: number): string | null {
    this.alive();
    return this.pollInto(max, (memory, library) =>
      library.call.tasker_attachment_poll_step_events_into(
        this.handle,
        max,
        memory.events,
        memory.eventsCapacity,
        memory.sizeOut,
        memory.error,
      ),
    );
  }

  detach(): void {
    if (this.ended) {
      return;
    }
    this.ended = true;
    this.onWakeup = null;
    const { library } = this.context;
    // Its worker's owner may have ended it before: that is no failure.
    library.call.tasker_attachment_detach(this.handle, library.none);
    this.abandonReplies();
  }
}
