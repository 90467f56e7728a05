// The contract's way to the C library (3.9): loads it through FFI and hands out the runtime over it.
import { refuseUnknownKeys } from '../errors/checks.js';
import { makeTaskerError, toTaskerError } from '../errors/convert.js';
import { findDoorFile } from './loader.js';
import type { DoorName } from './native-door.js';
import { NativeRuntime } from './native-runtime.js';
import type { TaskerRuntime } from './runtime.js';
import { chooseDoor, detectRuntime, type RuntimeName } from './select.js';

export interface FfiLayerConfig {
  /** File of the C library, or of the addon (`.node`). @default TASKER_FFI_LIBRARY_PATH, else found by the loader */
  readonly libraryPath?: string;
  /** @default TASKER_RUNTIME, else 'ffi' */
  readonly door?: DoorName;
}

export class FfiLayer {
  private readonly config: FfiLayerConfig;
  private runtime: NativeRuntime | null = null;

  constructor(config: FfiLayerConfig = {}) {
    refuseUnknownKeys(config, ['libraryPath', 'door'], 'config');
    this.config = config;
  }

  /**
   * Loads the library; does nothing when it is loaded. Loaded as soon as it returns; the promise is there for callers
   * that wait.
   *
   * @param path over `config.libraryPath`, over TASKER_FFI_LIBRARY_PATH
   * @throws {TaskerError} NOT_FOUND, UNSUPPORTED, INVALID_CONFIG (the promise rejects)
   */
  load(path?: string): Promise<void> {
    try {
      this.runtime ??= this.open(path ?? this.config.libraryPath);
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(toTaskerError(error));
    }
  }

  /** Stops the worker, if any, and forgets the library. Resolves when the worker's store is closed. */
  async unload(): Promise<void> {
    const { runtime } = this;
    this.runtime = null;
    runtime?.unload();
    await runtime?.closed();
  }

  isLoaded(): boolean {
    return this.runtime !== null;
  }

  /** @throws {TaskerError} INVALID_STATE when nothing is loaded */
  getRuntime(): TaskerRuntime {
    if (this.runtime === null) {
      throw makeTaskerError('INVALID_STATE', 'no library is loaded: call load() first');
    }
    return this.runtime;
  }

  /** File that is loaded, or null. */
  getLibraryPath(): string | null {
    return this.runtime?.libraryPath ?? null;
  }

  getRuntimeType(): RuntimeName {
    return detectRuntime();
  }

  /** The C library that `load` would take, or null; a TASKER_FFI_LIBRARY_PATH that leads nowhere is a warning. */
  static findLibraryPath(): string | null {
    try {
      return findDoorFile('ffi').path;
    } catch (thrown) {
      const { field, message } = toTaskerError(thrown);
      if (field !== undefined) {
        process.emitWarning(`the library is not where it was said to be: ${message}`, 'TaskerLibraryWarning');
      }
      return null;
    }
  }

  private open(path: string | undefined): NativeRuntime {
    const chosen = chooseDoor(detectRuntime(), { path, door: this.config.door });
    const runtime = new NativeRuntime({ door: chosen.chosenBy === 'default' ? 'ffi' : chosen.door });
    runtime.load(path);
    return runtime;
  }
}
