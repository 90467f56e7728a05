// The golden vectors of the contract, through each door of the runtime that runs this.
import { readdirSync, readFileSync } from 'node:fs';
import { suite, test } from 'node:test';

import { detectRuntime } from 'tasker-worker/native';

import { contractFolder } from './matcher.js';
import { Replayer, type Vector } from './replayer.js';

const folder = new URL('vectors/', contractFolder);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

for (const door of ['addon', 'ffi'] as const) {
  for (const file of files) {
    const { vectors } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as { vectors: Vector[] };
    const mine = vectors.filter(({ doors }) => doors?.includes('runtime') ?? true);
    if (mine.length === 0) {
      continue;
    }
    suite(`${detectRuntime()} × ${door}: ${file}`, () => {
      for (const vector of mine) {
        test(vector.name, () => new Replayer(vector, door).replay());
      }
    });
  }
}
