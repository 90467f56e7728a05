// The shapes of contract/schema: sound, strict where the contract is, and the same as what the code knows.
import assert from 'node:assert/strict';
import test from 'node:test';

import { codes, compileSchemas, inputShapes, read, schemas } from './lib/contract.mjs';

/** @typedef {import('./lib/contract.mjs').Document} Document */

const DRAFT = 'https://json-schema.org/draft/2020-12/schema';
const compiled = compileSchemas();
const shapes = [...schemas.keys()].filter((name) => name !== 'common');

/** @param {string} name */
function examplesOf(name) {
  return /** @type {Document[]} */ (schemas.get(name)?.examples ?? []);
}

/** @param {string} name */
function schemaOf(name) {
  return /** @type {Document} */ (schemas.get(name));
}

/**
 * Every object in a document, with the way to it.
 *
 * @param {any} value
 * @param {string} way
 * @returns {{ object: Document, way: string }[]}
 */
function objectsIn(value, way = '') {
  if (Array.isArray(value)) return value.flatMap((item, index) => objectsIn(item, `${way}/${String(index)}`));
  if (typeof value !== 'object' || value === null) return [];
  return [
    { object: value, way },
    ...Object.entries(value).flatMap(([name, member]) => objectsIn(member, `${way}/${name}`)),
  ];
}

/**
 * The objects of a document that the shape describes member by member: an unknown member breaks them.
 *
 * @param {string} shape
 * @param {Document} example
 */
function strictObjects(shape, example) {
  return objectsIn(example).filter(({ object }) => {
    object['no_such_member'] = 1;
    const strict = compiled.problems(shape, example).length > 0;
    delete object['no_such_member'];
    return strict;
  });
}

test('every shape compiles in the same draft, says what it is, and is called as its file', () => {
  for (const [name, schema] of schemas) {
    assert.equal(schema.$schema, DRAFT, name);
    assert.equal(schema.$id, `${name}.json`);
    assert.ok(schema.title && schema.description, `${name} has a title and a description`);
    assert.doesNotThrow(() => compiled.problems(name, {}), name);
  }
});

test('every shape has examples, which fit it', () => {
  for (const name of shapes) {
    assert.ok(examplesOf(name).length > 0, name);
    for (const example of examplesOf(name)) assert.deepEqual(compiled.problems(name, example), [], name);
  }
});

test('the shapes that the headers name exist', () => {
  const named = ['tasker', 'tasker_flat'].flatMap((header) =>
    [...read(`include/tasker/${header}.h`).matchAll(/contract\/schema\/(\w+)\.json/g)].map(([, name = '']) => name),
  );
  assert.ok(named.length > 0);
  assert.deepEqual(
    [...new Set(named)].filter((name) => !schemas.has(name)),
    [],
  );
});

test('what the library gives has no member too many, at the top as inside', () => {
  // Objects whose members belong to authors: contexts, results, inputs, metadata, what an error carries.
  const open =
    /\/(context|result|inputs|initialization|metadata|error|payload|cursor|accumulated_results|dependency_results|custom|parcel|data)$/;
  for (const name of shapes.filter((shape) => !inputShapes.includes(shape))) {
    for (const example of examplesOf(name).map((one) => structuredClone(one))) {
      const strict = strictObjects(name, example).map(({ way }) => way);
      const lax = objectsIn(example)
        .map(({ way }) => way)
        .filter((way) => !strict.includes(way));
      assert.deepEqual(
        lax.filter((way) => !open.test(way) && !/\/(result|data|custom|metadata)\//.test(way)),
        [],
        name,
      );
      assert.ok(strict.includes(''), `${name} refuses unknown members`);
    }
  }
});

test('what the library gives lacks no member: each that is always there is required', () => {
  const optional = [
    'method',
    'resolver',
    'worker_id',
    'field',
    'detail',
    'recoverable',
    'code',
    'started_at',
    'completed_at',
    'error',
  ];
  for (const name of shapes.filter((shape) => !inputShapes.includes(shape))) {
    for (const example of examplesOf(name).map((one) => structuredClone(one))) {
      let required = 0;
      // The members of dependency_results are names of steps.
      const records = strictObjects(name, example).filter(({ way }) => !way.endsWith('/dependency_results'));
      for (const { object, way } of records) {
        for (const member of Object.keys(object)) {
          const { [member]: value, ...rest } = object;
          delete object[member];
          const broken = compiled.problems(name, example).length > 0;
          Object.assign(object, rest, { [member]: value });
          if (broken) required += 1;
          else assert.ok(optional.includes(member), `${name}: ${way}/${member} is not required`);
        }
      }
      assert.ok(required > 0, name);
    }
  }
});

test('what callers give may have null for what is not given', () => {
  for (const name of ['config', 'task_request', 'step_result']) {
    const required = /** @type {string[]} */ (schemaOf(name).required ?? []);
    for (const member of Object.keys(schemaOf(name).properties).filter((one) => !required.includes(one))) {
      const [example = {}] = examplesOf(name);
      const document = { ...example, [member]: null };
      assert.deepEqual(compiled.problems(name, document), [], `${name}.${member}`);
    }
  }
});

test('the codes of errors.def, of the shape of an error and of common.h are the same', () => {
  assert.deepEqual(
    schemaOf('error').$defs.code.enum,
    codes.map(({ name }) => name),
  );
  const defined = [...read('include/tasker/common.h').matchAll(/^#define TASKER_ERR_(\w+) \(-(\d+)\)$/gm)];
  assert.deepEqual(
    defined.map(([, name, number]) => ({ name, number: Number(number) })),
    codes,
  );
});

test('the shape of the configuration has the members of Config, with their defaults and ranges', () => {
  const properties = schemaOf('config').properties;
  const code = read('core/config/config.cc');
  const text = read('core/config/config.h');
  const struct = text.slice(text.indexOf('struct Config {'), text.indexOf('};'));
  const members = [...struct.matchAll(/^ {2}[\w:<>]+ (\w+)(?: =\s+([^;]+))?;/gm)].map(([, name = '', value = '']) => ({
    name,
    value,
  }));
  const spellings = ['namespace', 'database_url', 'config_path'];
  assert.deepEqual(Object.keys(properties).sort(), [...members.map(({ name }) => name), ...spellings].sort());
  for (const { name, value } of members) {
    const shift = /^(\d+)U << (\d+)$/.exec(value);
    const plain = value.replace(/^"(.*)"$/, '$1').replaceAll("'", '');
    const written = shift === null ? plain : String(Number(shift[1]) * 2 ** Number(shift[2]));
    const level = /^base::LogLevel::k(\w+)$/.exec(written)?.[1]?.toLowerCase();
    const empty = name === 'namespaces' ? '[]' : '""';
    const expected = properties[name].default;
    assert.equal(
      level ?? (written || empty),
      typeof expected === 'string' && expected !== '' ? expected : JSON.stringify(expected),
      name,
    );
  }
  const ranges = [...code.matchAll(/\{"(\w+)", "TASKER_\w+",\s*&Config::\w+,\s*([\d']+),\s*([\d']+)\}/g)];
  assert.equal(ranges.length, 7);
  for (const [, name = '', min = '', max = ''] of ranges) {
    assert.equal(properties[name].minimum, Number(min.replaceAll("'", '')), name);
    assert.equal(properties[name].maximum, Number(max.replaceAll("'", '')), name);
  }
});

test('the shapes of a request and of a template have the members that the code reads', () => {
  /** @param {string} path @param {RegExp} list */
  const names = (path, list) =>
    [...(list.exec(read(path))?.[1] ?? '').matchAll(/"(\w+)"/g)].map(([, name]) => name).sort();
  const members = (/** @type {Document} */ schema) => Object.keys(schema.properties).sort();
  assert.deepEqual(
    members(schemaOf('task_request')),
    names('core/worker/client_request.cc', /task_request_members\(\) \{\s+return \{([^}]+)\}/),
  );
  assert.deepEqual(
    members(schemaOf('task_template')),
    names('core/engine/template_yaml.cc', /kTemplateFields = \{([^}]+)\}/),
  );
  assert.deepEqual(
    members(schemaOf('task_template').$defs.step),
    names('core/engine/template_step.cc', /kStepFields = \{([^}]+)\}/),
  );
});
