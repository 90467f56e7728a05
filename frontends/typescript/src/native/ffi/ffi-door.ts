// The native door over a runtime's FFI: all of include/tasker/ that a worker needs, written once for all runtimes.
import { isMainThread } from 'node:worker_threads';

import type { NativeBus } from '../native-bus.js';
import type { Delivery, NativeDoor, NativeWorker } from '../native-door.js';
import type { ExecutorName, NativeAttachment } from '../native-executors.js';
import { checkText, checkTextOrNull, doorError } from './arguments.js';
import { FfiContext } from './context.js';
import { FfiAttachment } from './ffi-attachment.js';
import { FfiBus } from './ffi-bus.js';
import { FfiWorker } from './ffi-worker.js';
import type { FfiLibrary } from './library.js';

/** Number of the C interface that this package speaks. */
export const FFI_ABI_VERSION = 1;

const levels: readonly string[] = ['trace', 'debug', 'info', 'warn', 'error'];

export class FfiDoor implements NativeDoor {
  private readonly context: FfiContext;
  private readonly delivery: Delivery;

  /** @param delivery `poll` leaves wake-ups out */
  constructor(library: FfiLibrary, delivery: Delivery = 'push') {
    this.context = new FfiContext(library);
    this.delivery = delivery;
  }

  version(): string {
    const { library } = this.context;
    return library.readText(library.call.tasker_version());
  }

  abiVersion(): number {
    return this.context.library.call.tasker_abi_version();
  }

  openWorker(configJson: string): NativeWorker {
    checkText('openWorker', 'configJson', configJson);
    return FfiWorker.open(this.context, configJson, this.delivery);
  }

  openBus(token: string): NativeBus {
    checkText('openBus', 'token', token);
    // A callback of a thread that was terminated ends the process when the library calls it: threads ask.
    return FfiBus.open(this.context, token, isMainThread ? this.delivery : 'poll');
  }

  attach(token: string, executor: ExecutorName, name: string): NativeAttachment {
    return FfiAttachment.attach(this.context, token, executor, name);
  }

  checkTemplate(yaml: string): string {
    checkText('checkTemplate', 'yaml', yaml);
    const { library, memory } = this.context;
    memory.put(yaml);
    this.context.check(library.call.tasker_check_template(memory.first, memory.firstSize, memory.buffer, memory.error));
    return memory.takeBuffer() ?? '';
  }

  log(level: string, message: string, fieldsJson: string | null): void {
    checkText('log', 'level', level);
    checkText('log', 'message', message);
    checkTextOrNull('log', 'fieldsJson', fieldsJson);
    const number = levels.indexOf(level);
    if (number < 0) {
      throw doorError(
        'INVALID_ARGUMENT',
        `log: level is "${level}"; expected trace, debug, info, warn or error`,
        'level',
      );
    }
    const { library, memory } = this.context;
    memory.putTwo(message, fieldsJson ?? '');
    this.context.check(
      library.call.tasker_log(
        number,
        memory.first,
        memory.firstSize,
        fieldsJson === null ? library.none : memory.second,
        memory.secondSize,
        memory.error,
      ),
    );
  }
}
