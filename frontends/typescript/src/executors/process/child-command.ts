// The command line of a child: launcher, runtime, limits of the runtime, program.
import { fileURLToPath } from 'node:url';

import type { ProcessPoolSettings } from './options.js';
import type { SpawnRequest } from './spawn.js';

/** The child's program, beside this file and in the same language. */
const program = new URL(import.meta.url.endsWith('.ts') ? './child.ts' : './child.js', import.meta.url);

function runtimeArguments(settings: ProcessPoolSettings): string[] {
  const { heapLimitMb, runtimeArguments: given } = settings;
  const heap = heapLimitMb === null ? [] : [`--max-old-space-size=${heapLimitMb}`];
  if ('Deno' in globalThis) {
    // A child that asks for permissions would ask nobody.
    const permissions = given.some((argument) => /^(-A|-P|--allow|--permission)/.test(argument)) ? [] : ['--allow-all'];
    return ['run', '--quiet', '--no-prompt', ...permissions, ...heap.map((flag) => `--v8-flags=${flag}`), ...given];
  }
  return 'Bun' in globalThis ? [...given] : [...heap, ...given];
}

/**
 * What starts a child.
 *
 * @param launcher file of tasker-launcher
 */
export function childCommand(launcher: string, settings: ProcessPoolSettings): SpawnRequest {
  return {
    program: launcher,
    arguments: [
      String(process.pid),
      String(settings.niceness),
      process.execPath,
      ...runtimeArguments(settings),
      fileURLToPath(program),
    ],
    environment: settings.environment,
    folder: settings.workingFolder,
  };
}
