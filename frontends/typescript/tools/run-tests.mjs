// Runs every compiled test below a folder with node:test; fails when there is none, so that an empty build is noticed.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2] ?? 'dist/test';
const files = readdirSync(folder, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.test.js'))
  .map((name) => join(folder, name))
  .sort();
if (files.length === 0) {
  console.error(`no compiled test below ${folder}`);
  process.exit(1);
}
const child = spawnSync(process.execPath, ['--test', ...process.argv.slice(3), ...files], {
  stdio: 'inherit',
});
process.exit(child.status ?? 1);
