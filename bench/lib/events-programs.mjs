// The C++ programs of the scenarios `channel` and `event-bus`. Those of a peer are built where its headers are installed.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** @typedef {import('./measure.mjs').Measurement} Measurement */
/** @typedef {import('./measure.mjs').LeftOut} LeftOut */
/** @typedef {import('./programs.mjs').Programs} Programs */

/**
 * @typedef {object} EventSystem
 * @property {string} system
 * @property {string} program name in the build folder
 * @property {string} [debianPackage] that its headers come from
 */

/**
 * The measurement, or why it is left out.
 *
 * @param {Programs} programs
 * @param {EventSystem} system
 * @param {readonly string[]} args
 * @param {Omit<Measurement, 'system' | 'command'>} rest
 * @returns {Measurement | LeftOut}
 */
export function eventMeasurement(programs, { system, program, debianPackage }, args, rest) {
  const path = join(dirname(programs.limit), program);
  if (debianPackage !== undefined && !existsSync(path)) {
    const leftOut = `${program} is not built; install ${debianPackage}, then configure and build again`;
    return { system, variant: rest.variant, leftOut };
  }
  return { system, command: () => [path, ...args], ...rest };
}
