// Writes src/errors/codes.ts from contract/errors.def. Run by `npm run generate`; a test compares the two.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const definitions = new URL('../../../contract/errors.def', import.meta.url);
const target = new URL('../src/errors/codes.ts', import.meta.url);
const entry = /^TASKER_ERROR\((\w+),\s*(\d+),\s*(true|false),\s*"([^"]*)"\)/gm;

/**
 * The text of codes.ts for a text of errors.def.
 *
 * @param {string} text
 * @returns {string}
 */
export function renderCodes(text) {
  // The meanings hold no double quote, so one of the two kinds always fits, as prettier has it.
  const quote = (meaning) => (meaning.includes("'") ? `"${meaning}"` : `'${meaning}'`);
  const rows = [...text.matchAll(entry)].map(
    ([, name, number, retryable, meaning]) =>
      `  ${name}: {\n    number: ${number},\n    retryable: ${retryable},\n    meaning: ${quote(meaning)},\n  },\n`,
  );
  return (
    '// Generated from contract/errors.def by tools/generate-codes.mjs; do not edit.\n\n' +
    '/** Every error code of Tasker: its number at the C door, whether trying again can help, what it means. */\n' +
    `export const ERROR_CODES = {\n${rows.join('')}} as const;\n\n` +
    '/** What `TaskerError.code` can be. */\nexport type ErrorCode = keyof typeof ERROR_CODES;\n'
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(target, renderCodes(readFileSync(definitions, 'utf8')));
}
