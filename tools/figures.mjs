// What the figures from benchmark runs have in common: finding a median, and the frame of a drawing.

/** @typedef {import('../bench/lib/results.mjs').Results} Results */

/** Pixels across; the pages show every drawing at the same size. */
export const FIGURE_WIDTH = 760;

/**
 * @param {Results} results
 * @returns {(scenario: string, system: string, variant: string, metric: string) => number | undefined} medians
 */
export function medianFinder(results) {
  return (scenario, system, variant, metric) =>
    results.scenarios[scenario]?.rows.find(
      (row) => row.system === system && row.variant === variant && row.metric === metric,
    )?.median;
}

/**
 * A drawing with a title and a line of explanation under it, readable on light and dark ground.
 *
 * @param {{ title: string, note: string, height: number, style: string, darkStyle: string, lines: string[] }} drawing
 * `style` and `darkStyle`: rules for the drawing's own classes
 * @returns {string} SVG
 */
export function drawFigure({ title, note, height, style, darkStyle, lines }) {
  const size = `width="${FIGURE_WIDTH}" height="${height}" viewBox="0 0 ${FIGURE_WIDTH} ${height}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img" aria-label="${title}">`,
    `<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .head { font-weight: 600; }
  .small { font-size: 11px; fill: #59636e; }
${style}
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; } .small { fill: #9198a1; }
${darkStyle}
  }
</style>`,
    `<text class="head" x="0" y="16">${title}</text>`,
    `<text class="small" x="0" y="36">${note}</text>`,
    ...lines,
    '</svg>\n',
  ].join('\n');
}
