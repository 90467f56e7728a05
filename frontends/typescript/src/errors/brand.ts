// Makes `instanceof` work across copies of this package: a class is known by a registered symbol, not by its identity.

interface Branded {
  readonly brand: symbol;
}

/** Puts `brand` on what `constructor` makes. Called once for each class, right after its definition. */
export function applyBrand(constructor: Branded & { readonly prototype: object }): void {
  Object.defineProperty(constructor.prototype, constructor.brand, { value: true });
}

/**
 * What `[Symbol.hasInstance]` of a branded class returns. A subclass without a brand of its own (a user's) is compared
 * by identity as usual.
 */
export function hasBrand(constructor: unknown, value: unknown): boolean {
  if (typeof value !== 'object' || value === null || typeof constructor !== 'function') {
    return false;
  }
  if (!Object.hasOwn(constructor, 'brand')) {
    return Function.prototype[Symbol.hasInstance].call(constructor, value);
  }
  const brand = (constructor as unknown as Branded).brand;
  return (value as Record<symbol, unknown>)[brand] === true;
}
