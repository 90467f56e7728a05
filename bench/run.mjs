// Measures Tasker, its peers and the limits: `node bench/run.mjs --help`.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { judge, loadBars } from './lib/bars.mjs';
import { busyWarning, describeCommit, describeMachine } from './lib/machine.mjs';
import { measureScenario } from './lib/measure.mjs';
import { killRunning } from './lib/process.mjs';
import { describeVersions, findPrograms } from './lib/programs.mjs';
import { updateResults } from './lib/results.mjs';
import { scenarios } from './lib/scenarios.mjs';
import { renderScenario } from './lib/table.mjs';

const RUNS_DEFAULT = 5;
const RUNS_MAX = 1000;

const HELP = `Usage: node bench/run.mjs [NAME...] [options]

Measures every scenario, or those named, and updates bench/out/results.json with them.

  --runs N     runs of each measurement, 1 to ${RUNS_MAX} (default ${RUNS_DEFAULT})
  --quick      one run of tiny sizes: shows that everything works, says nothing about speed;
               writes bench/out/quick.json
  --out FILE   results file
  --build DIR  CMake's build folder (default: the one that TASKER_ADDON_PATH points into, or build/release)
  --check      exit code 1 when a bar is missed
  --json       print the results as JSON in place of the tables
  --list       list the scenarios
  --help

Exit codes: 0 done, 1 a measurement failed or (with --check) a bar was missed, 2 wrong usage.
`;

class UsageError extends Error {}

/** @param {string[]} args */
function readArguments(args) {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        runs: { type: 'string' },
        quick: { type: 'boolean', default: false },
        out: { type: 'string' },
        build: { type: 'string' },
        check: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(/** @type {Error} */ (error).message);
  }
  const { values, positionals } = parsed;
  const known = scenarios.map(({ name }) => name);
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`scenario "${unknown}": expected one of ${known.join(', ')}`);
  }
  const runs = Number(values.runs ?? (values.quick ? 1 : RUNS_DEFAULT));
  if (!Number.isInteger(runs) || runs < 1 || runs > RUNS_MAX) {
    throw new UsageError(`--runs "${values.runs}": expected a whole number, 1 to ${RUNS_MAX}`);
  }
  if (values.quick && values.check) {
    throw new UsageError('--check: the figures of --quick are not judged');
  }
  const outDefault = join(import.meta.dirname, 'out', values.quick ? 'quick.json' : 'results.json');
  return {
    ...values,
    runs,
    out: values.out ?? outDefault,
    build: resolve(values.build ?? defaultBuild()),
    chosen: scenarios.filter(({ name }) => positionals.length === 0 || positionals.includes(name)),
  };
}

/** The addon lies in doors/node of the build folder. */
function defaultBuild() {
  const addon = process.env['TASKER_ADDON_PATH'];
  if (addon !== undefined && addon !== '') return join(dirname(addon), '..', '..');
  return join(import.meta.dirname, '..', 'build', 'release');
}

/** @param {ReturnType<typeof readArguments>} options */
async function run(options) {
  const programs = findPrograms(options.build, { install: !options.quick });
  const bars = options.quick ? [] : loadBars();
  const directory = await mkdtemp(join(tmpdir(), 'tasker-bench-'));
  const onSignal = (/** @type {NodeJS.Signals} */ signal) => {
    killRunning();
    rm(directory, { recursive: true, force: true }).finally(() => process.exit(signal === 'SIGINT' ? 130 : 143));
  };
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    const head = {
      commit: describeCommit(),
      machine: describeMachine(directory),
      versions: describeVersions(programs),
    };
    const { cores, load_at_start } = head.machine;
    const warning = options.quick ? null : busyWarning({ load: Number(load_at_start), cores: Number(cores) });
    if (warning !== null) console.error(`warning: ${warning}`);
    let missed = 0;
    let results;
    for (const scenario of options.chosen) {
      const onProgress = (/** @type {string} */ line) => console.error(`${scenario.name}: ${line}`);
      const { quick, runs } = options;
      const measured = await measureScenario(scenario, { programs, runs, quick, directory, onProgress });
      results = await updateResults(options.out, { ...head, scenarios: { [scenario.name]: measured } });
      const own = bars.filter((bar) => bar.scenario === scenario.name);
      missed += own.filter((bar) => judge(bar, measured)?.passed !== true).length;
      if (!options.json) console.log(`\n${renderScenario(scenario.name, measured, bars)}\n`);
    }
    if (warning !== null) console.error(`warning: when this began, ${warning}`);
    if (options.json) console.log(JSON.stringify(results, null, 2));
    return options.check && missed > 0 ? 1 : 0;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    await rm(directory, { recursive: true, force: true });
  }
}

try {
  const options = readArguments(process.argv.slice(2));
  if (options.help) console.log(HELP);
  else if (options.list) for (const { name, what } of options.chosen) console.log(`${name.padEnd(22)}${what}`);
  else process.exitCode = await run(options);
} catch (error) {
  const usage = error instanceof UsageError;
  console.error(`error: ${/** @type {Error} */ (error).message}`);
  if (usage) console.error('node bench/run.mjs --help lists the options');
  process.exitCode = usage ? 2 : 1;
}
