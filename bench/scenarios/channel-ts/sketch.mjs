// The channel that the project began with, as a sketch: a queue whose receiver looks for an item every ten milliseconds.
// Kept as it was thought of, faults included:
//  - an idle receiver finds an item up to ten milliseconds after it came, and several receivers find it in any order;
//  - a sender that waits for room is never woken, so that its channel has to be as large as all that will be sent;
//  - taking an item moves all others;
//  - it can not be closed.

const LOOK_EVERY_MS = 10;

/** @template T */
export class SketchChannel {
  /** @param {number} capacity */
  constructor(capacity) {
    this.capacity = capacity;
    /** @type {T[]} */
    this.items = [];
    /** @type {(() => void)[]} who waits for room; nobody calls them */
    this.waiting = [];
  }

  /** @param {T} item */
  async send(item) {
    if (this.items.length >= this.capacity) {
      await new Promise((resolve) => this.waiting.push(() => resolve(undefined)));
    }
    this.items.push(item);
  }

  /** @returns {Promise<T>} */
  async recv() {
    if (this.items.length > 0) return /** @type {T} */ (this.items.shift());
    return new Promise((resolve) => {
      const look = setInterval(() => {
        if (this.items.length === 0) return;
        clearInterval(look);
        resolve(/** @type {T} */ (this.items.shift()));
      }, LOOK_EVERY_MS);
    });
  }
}
