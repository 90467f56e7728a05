// The documents of the example: a header of 16 bytes, offset and length of the text, then the text.
import { Buffer } from 'node:buffer';

export interface Document {
  readonly name: string;
  /** Base64 of the file. */
  readonly content: string;
}

const headerBytes = 16;

function file(text: string, offset = BigInt(headerBytes)): string {
  const body = Buffer.from(text);
  const header = Buffer.alloc(headerBytes);
  header.writeBigUInt64LE(offset, 0);
  header.writeBigUInt64LE(BigInt(body.length), 8);
  return Buffer.concat([header, body]).toString('base64');
}

/** Far from anything that a process has in memory. */
const nowhere = 2n ** 46n;

/** Five good documents, and two whose header lies. */
export const documents: readonly Document[] = [
  { name: 'letter', content: file('Dear reader, all is well.') },
  { name: 'invoice', content: file('Twelve pounds of apples') },
  { name: 'poisoned-1', content: file('Nothing to see here', nowhere) },
  { name: 'recipe', content: file('Flour, water, salt, and a night of rest') },
  { name: 'poisoned-2', content: file('Move along', nowhere + 4096n) },
  { name: 'note', content: file('Back at five') },
  { name: 'poem', content: file('The fog comes on little cat feet') },
];

/** The text of a document, with every number of its header checked. @throws {Error} naming what is wrong */
export function decodeSafely(bytes: Buffer): string {
  const length = Number(bytes.readBigUInt64LE(8));
  if (length > bytes.length - headerBytes) {
    throw new Error(`the text has ${length} bytes, expected ${bytes.length - headerBytes} at most`);
  }
  return bytes.toString('utf8', headerBytes, headerBytes + length);
}
