// Entry point `tasker-worker/native`: the native side, its documents, its loader.
export { FfiLayer, type FfiLayerConfig } from './ffi-layer.js';
export { ADDON_ABI_VERSION, findDoorFile, loadAddon, type LibraryLocation, type LibrarySearch } from './loader.js';
export type {
  Delivery,
  DoorName,
  ExecutorDoor,
  ExecutorName,
  ExecutorWorker,
  HandlerRegistration,
  NativeAttachment,
  NativeBus,
  NativeDoor,
  NativeWorker,
  Notice,
} from './native-door.js';
export { NativeRuntime } from './native-runtime.js';
export type { NativeRuntimeOptions } from './runtime-options.js';
export type * from './responses.js';
export type { CompletionRefusal, ContractRuntime, CreateTaskOutcome, TaskerRuntime } from './runtime.js';
export {
  chooseDoor,
  detectRuntime,
  loadDoor,
  type ChosenBy,
  type DoorSearch,
  type LoadedDoor,
  type RuntimeName,
} from './select.js';
export { getTaskerRuntime } from './thread-runtime.js';
export type * from './types.js';
