// Console blocks: commands after `$ `, what they print below. Times, ids and column widths differ from run to run and
// are made equal before the comparison; `…` stands for any text, on a line of its own for any lines.

/**
 * @typedef {object} Command
 * @property {number} line of the page
 * @property {string} text with its continuation lines (`> `)
 * @property {string[]} expected
 */

/**
 * @param {import('./markdown.mjs').Block} block
 * @returns {Command[]}
 * @throws {Error} for output before the first command
 */
export function readConsole(block) {
  /** @type {Command[]} */
  const commands = [];
  block.text
    .replace(/\n$/, '')
    .split('\n')
    .forEach((text, index) => {
      const line = block.line + 1 + index;
      const last = commands.at(-1);
      if (text.startsWith('$ ')) {
        commands.push({ line, text: text.slice(2), expected: [] });
      } else if (last === undefined) {
        throw new Error(`line ${line}: output without a command`);
      } else if (text.startsWith('> ') && last.expected.length === 0) {
        last.text += `\n${text.slice(2)}`;
      } else {
        last.expected.push(text);
      }
    });
  return commands;
}

const UNIT = '(?:µs|ms|s|min|h)';

/** @param {string} text */
export function normalize(text) {
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uuid>')
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?/g, '<time>')
    .replace(/\b\d\d:\d\d:\d\d\.\d{3}\b/g, '<time>')
    .replace(new RegExp(`\\b(just now|[\\d,.]+ ${UNIT} ago)`, 'g'), '<age>')
    .replace(new RegExp(`\\b[\\d,.]+ ${UNIT}\\b`, 'g'), '<duration>')
    .replace(/-{3,}/g, '---')
    .replace(/[ \t]+/g, ' ')
    .trim();
}

/** @param {readonly string[]} lines */
function trimLines(lines) {
  const text = lines.map(normalize);
  while (text[0] === '') text.shift();
  while (text.at(-1) === '') text.pop();
  return text;
}

/** @param {string} text */
function escape(text) {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/**
 * @param {readonly string[]} expected lines of the page
 * @param {string} actual
 * @returns {boolean}
 */
export function matches(expected, actual) {
  const pattern = trimLines(expected)
    .map((line) => (line === '…' ? '(?:.*\\n)*?' : `${line.split('…').map(escape).join('.*?')}\\n`))
    .join('');
  const lines = trimLines(actual.split('\n'));
  const text = lines.length === 0 ? '' : `${lines.join('\n')}\n`;
  return new RegExp(`^${pattern}$`).test(text);
}
