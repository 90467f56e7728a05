// A real segmentation fault, by the foreign function interface of each runtime.

const nowhere = 8;

interface DenoPointers {
  UnsafePointer: { create(address: bigint): object };
  UnsafePointerView: new (pointer: object) => { getInt32(): number };
}

/** Reads an address that nothing is mapped to: the kernel answers with SIGSEGV. */
export async function readNowhere(): Promise<number> {
  const { Deno: deno } = globalThis as { Deno?: DenoPointers };
  if (deno !== undefined) {
    return new deno.UnsafePointerView(deno.UnsafePointer.create(BigInt(nowhere))).getInt32();
  }
  const name = 'Bun' in globalThis ? 'bun:ffi' : 'koffi';
  const loaded = (await import(name)) as {
    read?: { i32(address: number): number };
    default?: { decode(address: bigint, type: string): number };
  };
  return loaded.read?.i32(nowhere) ?? loaded.default?.decode(BigInt(nowhere), 'int') ?? 0;
}
