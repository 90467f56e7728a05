// The failure of an attempt that ended with what ran it.
import type { StepFailure } from '../events/result-document.js';
import { failureOfThrown } from '../events/result-document.js';
import { crashRetryDefaults, type CrashErrorType, type CrashRetry } from '../errors/crash-types.js';

/**
 * @param thrown what is known of the cause; an Error's stack goes along
 * @param retry what the handler's definition says of crashes
 */
export function crashFailure(type: CrashErrorType, thrown: unknown, retry: CrashRetry | undefined): StepFailure {
  const declared = (retry as Readonly<Partial<Record<CrashErrorType, boolean>>> | undefined)?.[type];
  return { ...failureOfThrown(thrown), errorType: type, retryable: declared ?? crashRetryDefaults[type] };
}
