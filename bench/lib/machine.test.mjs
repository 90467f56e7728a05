import assert from 'node:assert/strict';
import { test } from 'node:test';

import { busyWarning, describeMachine, filesystemOf } from './machine.mjs';

const MOUNTS = `22 1 0:20 / / rw,relatime - ext4 /dev/root rw
30 22 0:30 / /tmp rw shared:5 - tmpfs tmpfs rw
31 30 0:31 / /tmp/inner rw - xfs /dev/b rw
`;

test('a folder lies on the nearest mount above it', () => {
  assert.equal(filesystemOf('/srv/data', MOUNTS), 'ext4');
  assert.equal(filesystemOf('/tmp/x', MOUNTS), 'tmpfs');
  assert.equal(filesystemOf('/tmp', MOUNTS), 'tmpfs');
  assert.equal(filesystemOf('/tmpfiles', MOUNTS), 'ext4');
  assert.equal(filesystemOf('/tmp/inner/x', MOUNTS), 'xfs');
  assert.equal(filesystemOf('/', MOUNTS), 'ext4');
});

test('the machine is described by what a figure depends on', () => {
  const machine = describeMachine(import.meta.dirname);
  const expected = {
    cores: 'number',
    cpu: 'string',
    filesystem: 'string',
    kernel: 'string',
    load_at_start: 'number',
    memory_bytes: 'number',
  };
  const types = Object.fromEntries(Object.entries(machine).map(([name, value]) => [name, typeof value]));
  assert.deepEqual(types, expected);
  assert.notEqual(machine['filesystem'], 'unknown');
});

test('a machine that others use is warned about', () => {
  assert.equal(busyWarning({ load: 1, cores: 2 }), null);
  assert.match(busyWarning({ load: 1.1, cores: 2 }) ?? '', /busy \(load 1\.1 on 2 cores\)/);
});
