// Timers that a test moves by hand.
import { afterEach, mock } from 'node:test';

/**
 * For the head of a suite: timers that its tests mock are real again after each. Taken away by hand, since not every
 * runtime does it by itself.
 */
export function restoreTimersAfterEach(): void {
  afterEach(() => {
    mock.timers.reset();
  });
}

/** Mocks one kind of timer until the test ends. */
export function mockTimers(api: 'setTimeout' | 'setInterval'): typeof mock.timers {
  mock.timers.enable({ apis: [api] });
  return mock.timers;
}
