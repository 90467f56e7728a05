// The command line of the demo.
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, type ParseArgsConfig } from 'node:util';

export const USAGE = `Usage: flight-report [options]

Runs the workflow flight_report and writes report.html and report.json. A run that was killed goes on where it stopped.

  --fresh        give up an unfinished run and start over
  --json         print the closing summary as JSON; progress goes to stderr
  --store PATH   store file; default tasker.db in the output folder
  --out DIR      output folder; default out in the folder of this example
  --help         print this text

Exit code: 0 the report is written, 1 the run failed, 2 wrong usage.
`;

const KNOWN = {
  fresh: { type: 'boolean' },
  json: { type: 'boolean' },
  store: { type: 'string' },
  out: { type: 'string' },
  help: { type: 'boolean' },
} as const satisfies ParseArgsConfig['options'];

const HINT = 'known are --fresh, --json, --store PATH, --out DIR and --help';

export interface Options {
  fresh: boolean;
  json: boolean;
  help: boolean;
  /** Absolute path of the store file. */
  storePath: string;
  /** Absolute path of the output folder. */
  outputDir: string;
}

/** A command line that is not understood; the message says what was expected. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Reads the command line.
 *
 * @param args - arguments after the program's name
 * @throws {UsageError} for an unknown option, a missing value or an argument that is no option
 */
export function parseOptions(args: readonly string[]): Options {
  check(args);
  const { values } = parseArgs({ args: [...args], options: KNOWN });
  const outputDir = resolve(values.out ?? defaultOutputDir());
  return {
    fresh: values.fresh ?? false,
    json: values.json ?? false,
    help: values.help ?? false,
    storePath: resolve(values.store ?? join(outputDir, 'tasker.db')),
    outputDir,
  };
}

/** parseArgs would refuse these too, with longer texts and without the list of known options. */
function check(args: readonly string[]): void {
  const { tokens } = parseArgs({ args: [...args], options: KNOWN, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional') {
      throw new UsageError(`unexpected argument ${token.value}; ${HINT}`);
    }
    if (token.kind === 'option') {
      checkOption(token.name, token.rawName, token.value);
    }
  }
}

function checkOption(name: string, rawName: string, value: string | undefined): void {
  if (!isKnown(name)) {
    throw new UsageError(`unknown option ${rawName}; ${HINT}`);
  }
  if (KNOWN[name].type === 'boolean' && value !== undefined) {
    throw new UsageError(`option ${rawName} takes no value, got ${value}`);
  }
  if (KNOWN[name].type === 'string' && (value === undefined || value === '' || value.startsWith('--'))) {
    throw new UsageError(`option ${rawName} needs a path, such as ${rawName} /tmp/report`);
  }
}

function isKnown(name: string): name is keyof typeof KNOWN {
  return Object.hasOwn(KNOWN, name);
}

/** From dist/terminal, where the compiled file lies, to out. */
function defaultOutputDir(): string {
  return fileURLToPath(new URL('../../out', import.meta.url));
}
