import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { JSON_DEPTH_MAX, findNotJson } from 'tasker-worker';

function nested(levels: number): unknown {
  let value: unknown = 0;
  for (let level = 0; level < levels; level += 1) {
    value = [value];
  }
  return value;
}

suite('findNotJson', () => {
  test('accepts what JSON carries', () => {
    const shared = { twice: true };
    const date = new Date(0);
    const bare = Object.assign(Object.create(null) as Record<string, unknown>, { a: 1 });
    class Point {
      x = 1;
      length(): number {
        return this.x;
      }
    }
    for (const value of [0, '', null, true, [], {}, [shared, shared], { date, u: undefined }, bare, new Point()]) {
      assert.equal(findNotJson(value, 'v'), null);
    }
  });

  test('names the path and the kind of what it does not', () => {
    const cases: [unknown, string, RegExp][] = [
      [undefined, 'v', /undefined/],
      [() => 1, 'v', /function/],
      [{ a: [1, { b: 2n }] }, 'v.a[1].b', /BigInt/],
      [{ a: Symbol('s') }, 'v.a', /symbol/],
      [[1, undefined], 'v[1]', /undefined/],
      [{ n: Number.NaN }, 'v.n', /NaN/],
      [{ n: Number.POSITIVE_INFINITY }, 'v.n', /Infinity/],
      [{ m: new Map() }, 'v.m', /Map/],
      [{ s: new Set() }, 'v.s', /Set/],
      [{ p: Promise.resolve() }, 'v.p', /Promise/],
      [{ e: new TypeError('x') }, 'v.e', /TypeError/],
      [{ b: new Uint8Array(2) }, 'v.b', /Uint8Array/],
      [{ d: { toJSON: () => 1n } }, 'v.d', /BigInt/],
    ];
    for (const [value, path, kind] of cases) {
      const problem = findNotJson(value, 'v');
      assert.ok(problem !== null, path);
      assert.equal(problem.path, path);
      assert.match(problem.message, kind);
    }
  });

  test('finds a cycle, also through an array', () => {
    const cycle: { list: unknown[] } = { list: [] };
    cycle.list.push({ back: cycle });
    assert.equal(findNotJson(cycle, 'v')?.path, 'v.list[0].back');
  });

  test('takes the deepest nesting that is allowed and refuses one level more', () => {
    assert.equal(findNotJson(nested(JSON_DEPTH_MAX), 'v'), null);
    assert.match(findNotJson(nested(JSON_DEPTH_MAX + 1), 'v')?.message ?? '', /deeper than 120/);
  });
});
