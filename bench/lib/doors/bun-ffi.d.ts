// The part of Bun's FFI that the bare door uses; npm's types of Bun would change the types of Node for the whole folder.
declare module 'bun:ffi' {
  export function dlopen<Name extends string>(
    path: string,
    symbols: Record<Name, object>,
  ): { symbols: Record<Name, (...args: unknown[]) => number> };
  export function ptr(view: Uint8Array): number;
}
