// Entry point `tasker-worker/native`: the native side, its documents, its loader.
export type { NativeAddon, NativeWorker, Notice } from './addon.js';
export { getTaskerRuntime } from './default-runtime.js';
export { ADDON_ABI_VERSION, findAddon, loadAddon, type AddonLocation, type AddonSearch } from './loader.js';
export { NodeAddonRuntime } from './node-addon-runtime.js';
export type * from './responses.js';
export type { ContractRuntime, CreateTaskOutcome, TaskerRuntime } from './runtime.js';
export type * from './types.js';
