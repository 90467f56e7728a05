// One bash for a whole page: folder, variables and background jobs last from one command to the next.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';

const COMMAND_LIMIT_MS = 60_000;

/** Threads: n/a. End it with `close`, which also ends what its commands left running. */
export class Shell {
  #bash;
  #marker = `end-${randomUUID()}`;
  #read = '';
  /** @type {(() => void) | null} */
  #arrived = null;
  #ended = false;
  #code = 0;

  /** @param {{ cwd: string, env: NodeJS.ProcessEnv }} options */
  constructor({ cwd, env }) {
    this.#bash = spawn('bash', ['--noprofile', '--norc'], {
      cwd,
      env,
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    });
    this.#bash.stdout.setEncoding('utf8');
    this.#bash.stdout.on('data', (text) => {
      this.#read += text;
      this.#arrived?.();
    });
    this.#bash.on('close', () => {
      this.#ended = true;
      this.#arrived?.();
    });
  }

  /**
   * @param {string} command
   * @param {string} outputFile both streams of the command go there
   * @returns {Promise<number>} its exit code
   * @throws {Error} when it takes longer than a minute, or ends the shell
   */
  async run(command, outputFile) {
    this.#read = '';
    this.#bash.stdin.write(
      `{ (exit ${this.#code}); ${command}\n} >'${outputFile}' 2>&1 </dev/null; printf '%s %d\\n' '${this.#marker}' $?\n`,
    );
    const end = new RegExp(`${this.#marker} (\\d+)\\n`);
    const deadline = Date.now() + COMMAND_LIMIT_MS;
    while (!end.test(this.#read)) {
      if (this.#ended) throw new Error(`the shell ended: ${command}`);
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`took longer than ${COMMAND_LIMIT_MS} ms: ${command}`);
      await this.#news(left);
    }
    this.#code = Number(end.exec(this.#read)?.[1]);
    return this.#code;
  }

  /** @param {number} limitMs */
  #news(limitMs) {
    /** @type {Promise<void>} */
    const news = new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#arrived = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return news;
  }

  close() {
    const { pid } = this.#bash;
    if (pid === undefined || this.#ended) return;
    process.kill(-pid, 'SIGKILL');
  }
}
