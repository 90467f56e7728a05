// Files that are either whole or absent, whenever the process is killed.
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { PermanentError } from 'tasker-worker';

import { reasonOf } from './reason.js';

/**
 * Writes a file so that a reader sees the old content or the new one, never a part: into a temporary file beside it,
 * flushed to the disk, then renamed. Creates the folder when it is missing.
 *
 * @param path - file to write; replaced when it exists
 * @param content - the whole content
 * @throws {PermanentError} when the system refuses: it would do so again at once
 */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = temporaryPath(path, process.pid);
  try {
    await mkdir(dirname(path), { recursive: true });
    await removeLeftovers(path);
    await writeFlushed(temporary, content);
    await rename(temporary, path);
    await flushFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new PermanentError(`${path} cannot be written: ${reasonOf(error)}`, {}, { cause: error });
  }
}

function temporaryPath(path: string, pid: number): string {
  return join(dirname(path), `.${basename(path)}.${pid}.tmp`);
}

async function writeFlushed(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A rename survives a power cut only once its folder is on the disk too. */
async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Temporary files of processes that were killed before their rename. */
async function removeLeftovers(path: string): Promise<void> {
  const prefix = `.${basename(path)}.`;
  for (const name of await readdir(dirname(path))) {
    const pid = name.startsWith(prefix) ? /^(\d+)\.tmp$/.exec(name.slice(prefix.length))?.[1] : undefined;
    if (pid !== undefined && !isAlive(Number(pid))) {
      await rm(temporaryPath(path, Number(pid)), { force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
