// Why a child ended while a step ran in it: from exit code, signal and last words to the step's error type.
import { CrashErrorType } from '../../errors/crash-types.js';
import { FrameError, readBody, type Fault, type Frame } from './frames.js';
import type { ProcessEnd } from './spawn.js';

/** What a crash means for a step. */
export interface Ending {
  readonly errorType: CrashErrorType;
  readonly message: string;
  readonly backtrace: readonly string[] | null;
}

/** What is known when a child has ended. */
export interface LastWords {
  readonly end: ProcessEnd;
  /** What it has sent before it ended, if it did. */
  readonly fault: Fault | null;
  /** Why this side killed it or gave it up; null when it did not. */
  readonly verdict: Ending | null;
  /** Handler whose module it was loading; null when it was loading none. */
  readonly loading: string | null;
  /** End of what it wrote to stderr. */
  readonly stderrTail: string;
}

// Runtimes end by one of these when they give up by themselves; another signal says nothing of memory.
const abortSignals: readonly (string | null)[] = ['SIGABRT', 'SIGTRAP', 'SIGILL'];
// Of V8: 'JavaScript heap out of memory', 'Fatal JavaScript out of memory: CALL_AND_RETRY_LAST', '… Reached heap limit'.
const heapPattern = /JavaScript (?:heap )?out of memory|Reached heap limit/i;
const memoryPattern = /out of memory|bad_alloc|cannot allocate memory/i;

/** Why a child ended that had a step. */
export function endingOf(words: LastWords): Ending {
  // What it has said itself comes first: a child with a fault is killed only because it does not end.
  const ending = words.fault === null && words.verdict !== null ? words.verdict : readEnd(words);
  if (words.loading === null) {
    return ending;
  }
  return {
    errorType: CrashErrorType.MODULE_LOAD_FAILED,
    message: `${words.loading}: while its module was being loaded, ${ending.message}`,
    backtrace: ending.backtrace,
  };
}

function readEnd({ end, fault, stderrTail }: LastWords): Ending {
  const ended = (errorType: CrashErrorType, message: string): Ending => ({ errorType, message, backtrace: null });
  if (fault !== null) {
    const what = fault.type === 'unhandled_rejection' ? 'a promise was rejected unheard' : 'an exception was uncaught';
    return { errorType: fault.type, message: `${what}: ${fault.message}`, backtrace: fault.backtrace };
  }
  if (end.signal === null) {
    return ended(CrashErrorType.PROCESS_EXIT, `the handler's process ended with exit code ${String(end.code)}`);
  }
  if (abortSignals.includes(end.signal)) {
    if (heapPattern.test(stderrTail)) {
      return ended(CrashErrorType.HEAP_LIMIT, 'the JavaScript heap of the process reached its limit');
    }
    if (memoryPattern.test(stderrTail)) {
      return ended(CrashErrorType.OUT_OF_MEMORY, `the process ran out of memory (${end.signal})`);
    }
    if (end.signal === 'SIGABRT') {
      return ended(CrashErrorType.PROCESS_ABORT, 'the process aborted itself (SIGABRT)');
    }
  }
  return ended(CrashErrorType.FATAL_SIGNAL, `the process was ended by ${end.signal}`);
}

/** A step that was in a child that ended. */
interface Involved {
  readonly number: number;
  readonly facts: { readonly handlerName: string };
}

/**
 * Which of a child's steps are the cause of its end, and which only were there. Where nothing tells, all are: one of them
 * is, and a step that is given back again and again would never end.
 */
export function blame<Step extends Involved>(
  steps: readonly Step[],
  known: { condemned: ReadonlySet<number> | null; fault: Fault | null; loading: string | null },
): { culprits: Step[]; neighbours: Step[] } {
  const isCulprit = ({ number, facts }: Step): boolean => {
    if (known.condemned !== null) {
      return known.condemned.has(number);
    }
    if (known.loading !== null) {
      return facts.handlerName === known.loading;
    }
    return known.fault === null || known.fault.steps.includes(number);
  };
  return { culprits: steps.filter(isCulprit), neighbours: steps.filter((step) => !isCulprit(step)) };
}

/** @throws {FrameError} when the frame holds no fault */
export function readFault(frame: Frame): Fault {
  const { type, message, backtrace, steps } = readBody(frame);
  if ((type !== 'unhandled_rejection' && type !== 'uncaught_exception') || typeof message !== 'string') {
    throw new FrameError('a fault without type or message');
  }
  if (!Array.isArray(steps) || !steps.every((step) => Number.isInteger(step))) {
    throw new FrameError('a fault without the steps that ran');
  }
  const lines = Array.isArray(backtrace) && backtrace.every((line) => typeof line === 'string') ? backtrace : null;
  return { type, message, backtrace: lines, steps: steps as number[] };
}
