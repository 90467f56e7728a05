// A queue of at most `capacity` items in one array, which grows by doubling as far as it is used.

const slotsAtFirst = 16;

export class Ring<T> {
  readonly capacity: number;
  #slots: (T | undefined)[];
  #first = 0;
  #size = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#slots = new Array<T | undefined>(Math.min(slotsAtFirst, capacity)).fill(undefined);
  }

  get size(): number {
    return this.#size;
  }

  get full(): boolean {
    return this.#size === this.capacity;
  }

  /** There has to be room. */
  push(item: T): void {
    if (this.#size === this.#slots.length) {
      this.#grow();
    }
    let slot = this.#first + this.#size;
    if (slot >= this.#slots.length) {
      slot -= this.#slots.length;
    }
    this.#slots[slot] = item;
    this.#size += 1;
  }

  /** The oldest item; there has to be one. */
  shift(): T {
    const item = this.#slots[this.#first] as T;
    // Or it would live until the slot is used again.
    this.#slots[this.#first] = undefined;
    this.#first += 1;
    if (this.#first === this.#slots.length) {
      this.#first = 0;
    }
    this.#size -= 1;
    return item;
  }

  #grow(): void {
    const old = this.#slots;
    const slots = [...old.slice(this.#first), ...old.slice(0, this.#first)];
    const length = Math.min(this.capacity, old.length * 2);
    while (slots.length < length) {
      slots.push(undefined);
    }
    this.#slots = slots;
    this.#first = 0;
  }
}
