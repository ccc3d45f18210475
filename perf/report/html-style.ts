/** The style of the HTML report: light and dark by the reader's preference, one column on a narrow screen. */

export const STYLE = `
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #1b1f24; --soft: #59636e; --line: #d9dee4; --mine: #e8f1fb; }
@media (prefers-color-scheme: dark) {
  :root { --page: #0f1318; --card: #171c23; --ink: #e4e8ed; --soft: #98a3af; --line: #2c343e; --mine: #16283c; }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 2rem 1rem 4rem; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 70rem; margin: 0 auto; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; }
.soft { color: var(--soft); font-size: .875rem; }
.warning { font-weight: 600; }
pre { font-size: .8125rem; overflow-x: auto; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .125rem 1rem; font-size: .875rem; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; overflow-x: auto; margin-bottom: 1rem; }
table { width: 100%; border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; text-align: right; border-top: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child, td:nth-child(2), th:nth-child(2) { text-align: left; }
thead th { border-top: 0; color: var(--soft); font-weight: 400; }
tr.headwater td, tr.headwater-d1 td { background: var(--mine); }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(30rem, 100%), 1fr)); gap: 1rem; }
.plot { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .5rem; min-width: 0; }
.u-title { font-size: .875rem; font-weight: 600; }
.u-legend { font-size: .75rem; }
`;
