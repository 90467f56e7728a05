// Style sheet of the report: light and dark, screen and paper.
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1c2430; --quiet: #5c6776; --line: #dde2e9;
  --delay: #c2541d; --flights: #3a76b8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161c; --card: #1b212a; --text: #e6eaf0; --quiet: #9aa6b5; --line: #313a47;
    --delay: #e8844f; --flights: #6ba3df;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
h1 { margin: 0; font-size: 2rem; letter-spacing: -0.02em; }
h2 { margin: 0 0 1rem; font-size: 1.25rem; }
h3 { margin: 0.75rem 0 0.25rem; font-size: 1rem; }
header p, footer, figcaption, article p, dt { color: var(--quiet); }
header p { margin: 0.25rem 0 1.5rem; }
section { margin: 0 0 1.5rem; padding: 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
footer, figcaption { font-size: 0.875rem; }
a { color: inherit; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: 1rem; margin: 0 0 1.5rem; }
.figures dt { font-size: 0.875rem; }
.figures dd { margin: 0; font-size: 1.75rem; font-weight: 600; letter-spacing: -0.02em; }
figure { margin: 0 0 1rem; }
figcaption { margin-top: 0.5rem; }
figure svg { display: block; width: 100%; height: auto; }
svg .delay { fill: var(--delay); }
svg .flights { fill: var(--flights); }
svg .pale { fill-opacity: 0.35; }
svg .grid { stroke: var(--line); }
svg .zero { stroke: var(--quiet); }
svg text { font: 12px system-ui, sans-serif; }
svg .label { fill: var(--quiet); text-anchor: middle; font-variant-numeric: tabular-nums; }
svg .tick { text-anchor: end; }
svg .heading { fill: var(--text); font-size: 14px; font-weight: 600; }
summary { cursor: pointer; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
details table { margin-top: 0.75rem; }
th, td { padding: 0.3rem 1rem 0.3rem 0; text-align: left; border-bottom: 1px solid var(--line); }
thead th { color: var(--quiet); font-size: 0.875rem; font-weight: 500; }
.number { text-align: right; white-space: nowrap; }
.airports { width: 100%; }
.airports .bar { width: 60%; padding-right: 0; }
.airports .bar svg { display: block; width: 100%; height: 0.75rem; }
.images { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1rem; }
article { padding: 1rem; border: 1px solid var(--line); border-radius: 8px; }
article p { margin: 0; }
article img { display: block; padding: 8px; box-sizing: content-box; background: #ffffff; border-radius: 6px; }
meter { width: 100%; margin-top: 0.5rem; }
@media print { body { background: none; } section { break-inside: avoid; } }
`;
