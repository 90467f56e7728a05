// How a runtime is made.
import type { Delivery, DoorName, NativeDoor } from './native-door.js';

/** How a runtime comes to its door; every member is optional. */
export interface NativeRuntimeOptions {
  /** @default TASKER_RUNTIME, else the default of the JavaScript runtime */
  readonly door?: DoorName | undefined;
  /** `poll` leaves wake-ups out, for tests and measurements. @default 'push' */
  readonly delivery?: Delivery | undefined;
  /** A door that is open already, for tests. @default opened by `load` */
  readonly native?: NativeDoor | undefined;
  /** @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
  /** Folder from which local builds are looked for, upwards. @default the folder of this package */
  readonly from?: string | undefined;
}
