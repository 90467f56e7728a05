// Small help for writing HTML and SVG by template strings.

/** Text that is markup already, so it is not escaped again. Only `markup` makes it. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | Markup | readonly Markup[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Template tag: everything that is filled in is escaped, unless it is markup itself. So a value from the data can
 * neither break the page nor add to it.
 */
export function markup(strings: TemplateStringsArray, ...values: Value[]): Markup {
  const filled = values.map(fill);
  return new Markup(strings.map((text, index) => text + (filled[index] ?? '')).join(''));
}

function fill(value: Value): string {
  if (value instanceof Markup) {
    return value.text;
  }
  if (typeof value === 'string' || typeof value === 'number') {
    return escape(String(value));
  }
  return value.map((part) => part.text).join('\n');
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** Whole number with a comma between thousands, such as `200,000`. */
export function formatCount(value: number): string {
  return value.toLocaleString('en-US');
}

/** Number with a fixed count of decimals and a true minus sign, which zero never has. */
export function formatNumber(value: number, decimals = 1): string {
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace('-', '') : text.replace('-', '−');
}
