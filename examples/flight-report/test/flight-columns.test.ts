// Reading the flights, and the file that carries them from step to step.
import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { parseFlights, readFlightColumns, writeFlightColumns } from '../lib/flight-columns.js';

const folder = await mkdtemp(join(tmpdir(), 'flight-columns-'));
after(() => rm(folder, { recursive: true }));

test('flights become two columns', () => {
  const columns = parseFlights('[{"delay":-3,"distance":9,"time":0},{"delay":12,"time":23.5}]');
  assert.deepEqual([...columns.delayMinutes], [-3, 12]);
  assert.deepEqual([...columns.timeHours], [0, 23.5]);
});

const refused: [name: string, json: string, message: string | RegExp][] = [
  ['text that is not JSON', '[{"delay":1', /^the flights are not JSON: /],
  ['an object', '{"delay":1}', 'the flights have to be a JSON array with at least one row'],
  ['no rows', '[]', 'the flights have to be a JSON array with at least one row'],
  ['a row that is no object', '[null]', 'flights[0].delay is missing; expected a number'],
  ['a missing field', '[{"delay":1}]', 'flights[0].time is missing; expected a number'],
  ['a null delay', '[{"delay":1,"time":1},{"delay":null,"time":2}]', 'flights[1].delay is null; expected a number'],
  ['a number as text', '[{"delay":"1","time":1}]', 'flights[0].delay is "1"; expected a number'],
  ['a number beyond a double', '[{"delay":1e999,"time":1}]', 'flights[0].delay is Infinity; expected a number'],
  ['a time after the day', '[{"delay":1,"time":24}]', 'flights[0].time is 24; expected 0 ≤ time < 24'],
  ['a time before the day', '[{"delay":1,"time":-0.5}]', 'flights[0].time is -0.5; expected 0 ≤ time < 24'],
];
for (const [name, json, message] of refused) {
  test(`${name} is refused for good`, () => {
    assert.throws(() => parseFlights(json), { name: 'PermanentError', message });
  });
}

test('columns come back from their file as they were', async () => {
  const columns = {
    delayMinutes: Float64Array.of(-1, 0.1, 1444),
    timeHours: Float64Array.of(0, 23.983333333333334, 5),
  };
  const reference = await writeFlightColumns(folder, columns);
  assert.equal(reference.rows, 3);
  assert.equal(reference.bytes, 48);
  assert.deepEqual(await readFlightColumns(reference), columns);
});

test('the same columns written again are the same file, and nothing else is left', async () => {
  const columns = { delayMinutes: Float64Array.of(1), timeHours: Float64Array.of(2) };
  const first = await writeFlightColumns(join(folder, 'again'), columns);
  assert.deepEqual(await writeFlightColumns(join(folder, 'again'), columns), first);
  assert.equal((await readdir(join(folder, 'again'))).length, 1);
});

test('a file that is gone, cut or changed fails for good', async () => {
  const reference = await writeFlightColumns(join(folder, 'broken'), {
    delayMinutes: Float64Array.of(1, 2),
    timeHours: Float64Array.of(3, 4),
  });
  await writeFile(reference.file, Buffer.alloc(reference.bytes));
  await assert.rejects(readFlightColumns(reference), { name: 'PermanentError', message: /is not the file/ });
  await appendFile(reference.file, 'x');
  await assert.rejects(readFlightColumns(reference), { name: 'PermanentError', message: /is not the file/ });
  await rm(reference.file);
  await assert.rejects(readFlightColumns(reference), {
    name: 'PermanentError',
    message: /^the loaded flights: ENOENT.*--fresh$/,
  });
});
