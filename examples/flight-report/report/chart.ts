// Chart of the delays by hour as inline SVG: mean delay above, number of flights below, one hour axis for both.
import type { HourOfDelays } from '../handlers/delays-by-hour.js';
import { formatCount, formatNumber, markup, type Markup } from './markup.js';

/** A mean of fewer flights than this says little: it is drawn pale and does not stretch the scale. */
export const FEW_FLIGHTS = 100;

const WIDTH = 860;
const LEFT = 52;
const RIGHT = 8;
const SLOT = (WIDTH - LEFT - RIGHT) / 24;
const BAR = SLOT * 0.72;
const DELAY_PANEL = { top: 50, height: 210 };
const FLIGHTS_PANEL = { top: 318, height: 110 };
const AXIS_Y = FLIGHTS_PANEL.top + FLIGHTS_PANEL.height;
const HEIGHT = AXIS_Y + 44;

/** Maps a value to a vertical position of its panel. */
type Scale = { low: number; high: number; step: number; y: (value: number) => number };

/**
 * Draws one pair of bars for each hour. Colours come from the classes `delay`, `flights`, `pale`, `grid` and `label` of
 * the page's style sheet.
 *
 * @param hours - at least one; hours without a flight are missing and leave a gap
 */
export function delaysChart(hours: readonly HourOfDelays[]): Markup {
  return markup`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="chart-title chart-text">
<title id="chart-title">Mean delay and number of flights by hour of the day</title>
<desc id="chart-text">Bars for the hours 0 to 23. The table below the chart has the same figures.</desc>
${delayPanel(hours)}
${flightsPanel(hours)}
${hourAxis()}
</svg>`;
}

function delayPanel(hours: readonly HourOfDelays[]): Markup {
  const reliable = hours.filter((hour) => !isSparse(hour));
  const means = (reliable.length > 0 ? reliable : hours).map((hour) => hour.delay_mean_minutes);
  const scale = scaleOf(Math.min(0, ...means), Math.max(0, ...means), DELAY_PANEL);
  return markup`<g>
<text class="heading" x="${LEFT}" y="${DELAY_PANEL.top - 32}">Mean delay in minutes</text>
${gridLines(scale)}
${hours.map((hour) => delayBar(hour, scale))}
</g>`;
}

function flightsPanel(hours: readonly HourOfDelays[]): Markup {
  const scale = scaleOf(0, Math.max(...hours.map((hour) => hour.rows)), FLIGHTS_PANEL);
  const bars = hours.map(
    (hour) =>
      markup`<g><title>${describe(hour)}</title>${bar('flights', hour.hour, scale.y(0), scale.y(hour.rows))}</g>`,
  );
  return markup`<g>
<text class="heading" x="${LEFT}" y="${FLIGHTS_PANEL.top - 16}">Flights</text>
${gridLines(scale)}
${bars}
</g>`;
}

/** A bar that leaves the scale is cut at its end, and its value is written there. */
function delayBar(hour: HourOfDelays, scale: Scale): Markup {
  const mean = hour.delay_mean_minutes;
  const shown = Math.min(Math.max(mean, scale.low), scale.high);
  const end = scale.y(shown);
  const style = isSparse(hour) ? 'delay pale' : 'delay';
  const value =
    shown === mean
      ? []
      : [markup`<text class="label" x="${middleOf(hour.hour)}" y="${round(end - 5)}">${formatNumber(mean, 0)}</text>`];
  return markup`<g><title>${describe(hour)}</title>${bar(style, hour.hour, scale.y(0), end)}${value}</g>`;
}

function bar(style: string, hour: number, base: number, end: number): Markup {
  const top = Math.min(base, end);
  // At least one unit high, so that a small value does not look like a missing one.
  const height = Math.max(Math.abs(base - end), 1);
  const left = round(LEFT + hour * SLOT + (SLOT - BAR) / 2);
  return markup`<rect class="${style}" x="${left}" y="${round(top)}" width="${round(BAR)}" height="${round(height)}"/>`;
}

function gridLines(scale: Scale): Markup[] {
  const lines: Markup[] = [];
  // `+ 0` because the first may be -0, which would be written as such.
  const first = Math.ceil(scale.low / scale.step) * scale.step + 0;
  for (let value = first; value <= scale.high; value += scale.step) {
    const y = round(scale.y(value));
    lines.push(
      markup`<line class="${value === 0 ? 'zero' : 'grid'}" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/>`,
      markup`<text class="label tick" x="${LEFT - 8}" y="${round(y + 4)}">${formatTick(value)}</text>`,
    );
  }
  return lines;
}

function hourAxis(): Markup {
  const labels = Array.from(
    { length: 24 },
    (_, hour) => markup`<text class="label" x="${middleOf(hour)}" y="${AXIS_Y + 18}">${hour}</text>`,
  );
  return markup`<g>${labels}
<text class="label" x="${LEFT + 12 * SLOT}" y="${AXIS_Y + 38}">hour of the day</text></g>`;
}

/** From just below the lowest value to a round one at or above the highest; 0 is always within. */
function scaleOf(lowest: number, highest: number, panel: { top: number; height: number }): Scale {
  const step = niceStep((highest - lowest) / 4);
  const low = lowest - (lowest < 0 ? step / 4 : 0);
  const high = Math.max(Math.ceil(highest / step), 1) * step;
  return { low, high, step, y: (value) => panel.top + (panel.height * (high - value)) / (high - low) };
}

/** The smallest of 1, 2, 5, 10, 20, 50 … that is not below `rough`. */
function niceStep(rough: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(Math.max(rough, 1)));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * magnitude >= rough) ?? 10;
  return factor * magnitude;
}

function formatTick(value: number): string {
  return formatCount(value).replace('-', '−');
}

function isSparse(hour: HourOfDelays): boolean {
  return hour.rows < FEW_FLIGHTS;
}

function describe(hour: HourOfDelays): string {
  return `${hour.hour}:00 to ${hour.hour}:59: ${formatNumber(hour.delay_mean_minutes)} minutes, ${formatCount(hour.rows)} flights`;
}

function middleOf(hour: number): number {
  return round(LEFT + (hour + 0.5) * SLOT);
}

/** Two decimals are more than a screen can show. */
function round(value: number): number {
  return Math.round(value * 100) / 100;
}
