// Tells what runs elsewhere which events somebody listens to.
import type { TaskerEventEmitter } from '../events/emitter.js';

/**
 * Calls back when a listener of any event comes or goes, at once, for the next step may begin in this very moment.
 *
 * @param changed gets the name of the event whose listener is about to be added, null when one was removed
 * @returns ends it
 */
export function watchListeners(emitter: TaskerEventEmitter, changed: (added: unknown) => void): () => void {
  const removed = (): void => {
    changed(null);
  };
  emitter.on('newListener', changed);
  emitter.on('removeListener', removed);
  return () => {
    emitter.off('newListener', changed);
    emitter.off('removeListener', removed);
  };
}
