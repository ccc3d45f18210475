/** The style of the HTML report: light and dark by the reader's preference, one column on a narrow screen. */

export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --ink: #1b1f24; --soft: #59636e; --line: #d9dee4; --code: #f1f3f5;
  --link: #0b5cad;
  --passed: #17693a; --passed-bg: #dcf3e4; --failed: #a5161d; --failed-bg: #fde3e3;
  --skipped: #7a5200; --skipped-bg: #fbeecb; --untested: #4e5963; --untested-bg: #e7eaee;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1318; --card: #171c23; --ink: #e4e8ed; --soft: #98a3af; --line: #2c343e; --code: #0f1318;
    --link: #79b8ff;
    --passed: #7fdca0; --passed-bg: #14331f; --failed: #ff9c9c; --failed-bg: #431a1d;
    --skipped: #f0cd77; --skipped-bg: #3a2f10; --untested: #aab4bf; --untested-bg: #29313a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 2rem 1rem 4rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main { max-width: 62rem; margin: 0 auto; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; }
h3 { font-size: 1rem; margin: 2rem 0 .5rem; display: flex; gap: .75rem; align-items: baseline; }
h3 small, .soft { color: var(--soft); font-weight: 400; font-size: .875rem; }
p { margin: .5rem 0; }
a { color: var(--link); }
code, pre, .id { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .8125rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
.verdict { padding: .875rem 1rem; margin: 1.25rem 0; border-left: .375rem solid; }
.verdict.passed { border-left-color: var(--passed); }
.verdict.failed { border-left-color: var(--failed); }
.verdict strong { font-size: 1.125rem; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: .125rem 1rem; margin: 1rem 0 0; font-size: .875rem; }
.facts dt { color: var(--soft); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: 1rem; align-items: start; margin-top: 1.25rem; }
table { width: 100%; border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .75rem 1rem .25rem; }
th, td { padding: .375rem .5rem; text-align: right; border-top: 1px solid var(--line); }
thead th { border-top: 0; color: var(--soft); font-weight: 400; }
th:first-child, td:first-child { text-align: left; padding-left: 1rem; }
th:last-child, td:last-child { padding-right: 1rem; }
tbody th { font-weight: 500; }
td.zero { color: var(--soft); opacity: .6; }
td.failed { color: var(--failed); font-weight: 700; }
.badge {
  display: inline-block; padding: 0 .5rem; border-radius: 1rem; font-size: .75rem; line-height: 1.375rem;
  font-weight: 600; white-space: nowrap; color: var(--untested); background: var(--untested-bg);
}
.badge.passed { color: var(--passed); background: var(--passed-bg); }
.badge.failed { color: var(--failed); background: var(--failed-bg); }
.badge.skipped { color: var(--skipped); background: var(--skipped-bg); }
.level { font-size: .6875rem; font-weight: 600; letter-spacing: .04em; color: var(--soft); white-space: nowrap; }
.filter { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; padding: .5rem 1rem; font-size: .875rem; }
.filter[hidden] { display: none; }
.filter select { font: inherit; max-width: 100%; padding: .125rem .25rem; }
.filter label { display: flex; gap: .375rem; align-items: center; min-width: 0; }
.requirement { border-top: 1px solid var(--line); padding: .625rem 1rem; scroll-margin-top: 4rem; }
.requirement:first-child { border-top: 0; }
.requirement.failed { box-shadow: inset .25rem 0 var(--failed); }
.requirement:target { background: var(--code); }
.head { display: grid; grid-template-columns: 5.5rem 1fr 6rem 5rem; gap: .25rem .75rem; align-items: baseline; }
.head .id { color: var(--soft); text-decoration: none; }
.head .id:hover { text-decoration: underline; }
.head .badge { justify-self: end; }
.head .text { overflow-wrap: anywhere; }
.under { margin-left: 6.25rem; }
details > summary { cursor: pointer; color: var(--soft); font-size: .875rem; width: fit-content; max-width: 100%; overflow-wrap: anywhere; }
details > summary:hover { color: var(--ink); }
ul.tests, ul.broken { list-style: none; padding: 0; margin: .375rem 0; }
ul.tests > li { padding: .375rem 0; font-size: .875rem; overflow-wrap: anywhere; }
ul.tests > li + li { border-top: 1px dashed var(--line); }
ul.broken li { display: grid; grid-template-columns: 4.5rem 5.5rem 1fr; gap: 0 .75rem; align-items: baseline; padding: .25rem 0; }
.message { margin: .375rem 0; padding: .5rem .75rem; border-radius: .375rem; background: var(--failed-bg); color: var(--failed); }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 2; }
.exchange { margin: .375rem 0; border: 1px solid var(--line); border-radius: .375rem; background: var(--code); }
.exchange > summary { padding: .25rem .75rem; width: auto; }
.exchange > summary code { color: var(--ink); }
.sides { display: grid; grid-template-columns: 1fr 1fr; border-top: 1px solid var(--line); }
.sides > div { padding: .5rem .75rem; min-width: 0; }
.sides > div + div { border-left: 1px solid var(--line); }
.text code { background: var(--code); border-radius: .25rem; padding: .0625rem .25rem; }
.sides .soft { font-size: .75rem; }
.headers { color: var(--soft); }
.body { margin-top: .5rem; padding-top: .5rem; border-top: 1px dashed var(--line); }
.padded { padding: .5rem 1rem; }
footer { margin-top: 3rem; }
[hidden] { display: none !important; }
@media (max-width: 40rem) {
  body { padding: 1.25rem .625rem 3rem; }
  .head { grid-template-columns: max-content 1fr max-content; }
  .head .text { grid-column: 1 / -1; grid-row: 2; }
  .under { margin-left: 0; }
  ul.broken li { grid-template-columns: max-content 1fr; }
  ul.broken .text { grid-column: 1 / -1; }
  .sides { grid-template-columns: 1fr; }
  .sides > div + div { border-left: 0; border-top: 1px solid var(--line); }
  .filter { position: static; }
  .requirement, .padded { padding-left: .75rem; padding-right: .75rem; }
  th, td { padding-left: .25rem; padding-right: .25rem; }
}
@media print { .filter { display: none; } body { background: none; padding: 0; } }
`;
