// The files of contract/, read once for the tests.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Ajv2020 } from 'ajv/dist/2020.js';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** @typedef {any} Document A JSON object whose shape a test asserts. */

/** @param {string} path */
export function read(path) {
  return readFileSync(join(ROOT, path), 'utf8');
}

/**
 * The JSON files of a folder by their name without the end.
 *
 * @param {string} folder
 * @returns {Map<string, Document>}
 */
function jsonFiles(folder) {
  const names = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith('.json'));
  return new Map(names.map((name) => [basename(name, '.json'), JSON.parse(read(`${folder}/${name}`))]));
}

export const schemas = jsonFiles('contract/schema');
export const vectorFiles = jsonFiles('contract/vectors');

/** Shapes of what callers give; the others are what the library gives. */
export const inputShapes = [
  'checkpoint',
  'config',
  'log_fields',
  'step_result',
  'task_request',
  'task_template',
  'event_subscription',
];

/** Codes of errors.def. */
export const codes = [...read('contract/errors.def').matchAll(/^TASKER_ERROR\((\w+),\s*(\d+)/gm)].map(
  ([, name = '', number = '']) => ({ name, number: Number(number) }),
);

/** All shapes, compiled together since they refer to each other. */
export function compileSchemas() {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
  for (const schema of schemas.values()) ajv.addSchema(schema);
  return {
    /**
     * Why `value` is not of the shape; an empty list when it is.
     *
     * @param {string} shape
     * @param {unknown} value
     * @returns {string[]}
     */
    problems(shape, value) {
      const validate = ajv.getSchema(`${shape}.json`);
      if (validate === undefined) return [`there is no shape ${shape}`];
      return validate(value) === true
        ? []
        : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message ?? ''}`);
    },
  };
}
