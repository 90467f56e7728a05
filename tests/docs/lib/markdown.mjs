// Reads the parts of a Markdown page that the tests look at: code blocks, headings, links.

/**
 * @typedef {object} Block
 * @property {number} line of its fence, from 1
 * @property {string} language first word of the info string; "" for none
 * @property {string | null} file of `file=…` in the info string
 * @property {string} text
 * @property {string | null} skipped the reason in a comment `docs-test: skip …` on the line above
 */

/** @typedef {{ line: number, target: string }} Link */

const FENCE = /^(```+)\s*(.*)$/;
const SKIP = /^<!-- docs-test: skip (.+) -->$/;
const INDENTED = /^ {4,}\S/;
const LIST_ITEM = /^\s*([-*]|\d+\.)\s/;

/**
 * @param {string} text of a page
 * @returns {{ blocks: Block[], prose: { line: number, text: string }[] }}
 * @throws {Error} for a fence without an end
 */
export function splitPage(text) {
  const lines = text.split('\n');
  /** @type {Block[]} */
  const blocks = [];
  /** @type {{ line: number, text: string }[]} */
  const prose = [];
  for (let index = 0; index < lines.length; index += 1) {
    const opening = FENCE.exec(lines[index] ?? '');
    if (opening === null) {
      prose.push({ line: index + 1, text: lines[index] ?? '' });
      continue;
    }
    const [, fence = '', info = ''] = opening;
    const end = lines.indexOf(fence, index + 1);
    if (end < 0) throw new Error(`line ${index + 1}: the code block has no end`);
    blocks.push({
      line: index + 1,
      language: info.split(' ')[0] ?? '',
      file: /(?:^| )file=(\S+)/.exec(info)?.[1] ?? null,
      text: `${lines.slice(index + 1, end).join('\n')}\n`,
      skipped: SKIP.exec(lines[index - 1] ?? '')?.[1] ?? null,
    });
    index = end;
  }
  return { blocks, prose };
}

/**
 * Lines of indented code, which no test can run: a block has to be fenced.
 *
 * @param {readonly { line: number, text: string }[]} prose
 * @returns {number[]}
 */
export function indentedCode(prose) {
  let inList = false;
  const found = [];
  let previous = '';
  for (const { line, text } of prose) {
    if (LIST_ITEM.test(text)) inList = true;
    else if (/^\S/.test(text)) inList = false;
    if (!inList && INDENTED.test(text) && previous === '') found.push(line);
    previous = text;
  }
  return found;
}

/**
 * The anchors of a page's headings, as GitHub makes them.
 *
 * @param {string} text
 * @returns {Set<string>}
 */
export function anchorsOf(text) {
  const anchors = new Set();
  for (const { text: line } of splitPage(text).prose) {
    const heading = /^#{1,6}\s+(.*?)\s*$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-');
    let unique = slug;
    for (let count = 1; anchors.has(unique); count += 1) unique = `${slug}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}

/**
 * Links and images outside of code.
 *
 * @param {string} text
 * @returns {Link[]}
 */
export function linksOf(text) {
  return splitPage(text).prose.flatMap(({ line, text: prose }) =>
    [...prose.replace(/`[^`]*`/g, '').matchAll(/\]\(([^()\s]+)\)/g)].map((match) => ({ line, target: match[1] ?? '' })),
  );
}
