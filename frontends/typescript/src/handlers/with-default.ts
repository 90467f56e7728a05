// For documents of other writers, which may lack members that the contract promises.

/** `value`, or `fallback` when it is null or missing. */
export function withDefault<T>(value: T | null | undefined, fallback: T): T {
  return value ?? fallback;
}
