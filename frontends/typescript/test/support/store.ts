// Stores and templates for the tests against the real addon.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { WorkerServer, type TaskerWorkerOptions } from 'tasker-worker';

export interface Scene {
  readonly folder: string;
  readonly storePath: string;
  /** A started worker on the scene's store; shut down when the scene ends. */
  start(options?: TaskerWorkerOptions): Promise<WorkerServer>;
}

/** Runs `body` with a folder of its own; afterwards all its workers are shut down and the folder is gone. */
export async function withScene(body: (scene: Scene) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tasker-it-'));
  const storePath = join(folder, 'work.db');
  const servers: WorkerServer[] = [];
  try {
    await body({
      folder,
      storePath,
      async start(options = {}) {
        const server = new WorkerServer({ storePath, durability: 'normal', logLevel: 'error', ...options });
        servers.push(server);
        await server.start();
        return server;
      },
    });
  } finally {
    await Promise.allSettled(servers.map((server) => server.shutdown()));
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface StepPart {
  readonly name: string;
  readonly callable: string;
  readonly method?: string;
  readonly dependencies?: readonly string[];
  readonly maxAttempts?: number;
  readonly timeoutSeconds?: number;
}

/** A template of namespace `demo`, version 1.0.0. */
export function template(name: string, steps: readonly StepPart[]): { yaml: string } {
  const lines = steps.map(({ name: step, callable, method, dependencies = [], maxAttempts = 3, timeoutSeconds }) => {
    const handler = method === undefined ? `{ callable: ${callable} }` : `{ callable: ${callable}, method: ${method} }`;
    return [
      `  - name: ${step}`,
      `    handler: ${handler}`,
      `    dependencies: [${dependencies.join(', ')}]`,
      `    retry: { max_attempts: ${maxAttempts}, backoff: linear, backoff_base_ms: 100 }`,
      ...(timeoutSeconds === undefined ? [] : [`    timeout_seconds: ${timeoutSeconds}`]),
    ].join('\n');
  });
  return { yaml: `name: ${name}\nnamespace_name: demo\nversion: 1.0.0\nsteps:\n${lines.join('\n')}\n` };
}

/** Milliseconds that no wait of a test exceeds. */
export const deadlineMs = 20_000;
