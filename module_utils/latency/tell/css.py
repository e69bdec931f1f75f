# Copyright: the contributors of streaming_api
# GNU General Public License v3.0 or later (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the HTML report looks. The colours are those of the reference app's page."""

from __future__ import annotations

STYLE = """
:root {
  --paper: #fbfaf8; --card: #fff; --ink: #1d1f21; --soft: #62666b; --line: #dedcd7;
  --fine: #0a6c8c; --late: #c2410c; --wash: #fdf0e8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #141618; --card: #1c1f22; --ink: #e9e7e2; --soft: #a0a4a9; --line: #34383c;
    --fine: #5fc3e4; --late: #ff935c; --wash: #33231b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem clamp(1rem, 4vw, 3rem) 4rem; max-width: 76rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums;
  overflow-wrap: break-word;
}
header p { margin: 0; color: var(--soft); font-size: .85rem; }
h1 {
  margin: .3rem 0 .5rem; font-size: clamp(1.6rem, 5vw, 2.3rem); line-height: 1.15;
  letter-spacing: -.02em;
}
h2 { margin: 2.5rem 0 .75rem; font-size: 1.2rem; }
h3 { margin: 0 0 .25rem; font-size: 1rem; }
p { margin: .25rem 0 .75rem; max-width: 46rem; }
small, .soft { color: var(--soft); font-size: .85rem; }
a { color: var(--fine); }
h1.late, .guilty b, .guilty .verdict, .guilty th { color: var(--late); }
h1.fine, .fine .verdict, .way .fine span { color: var(--fine); }
.way { display: flex; flex-wrap: wrap; gap: .5rem; margin: 1rem 0 0; padding: 0; list-style: none; }
.way li { display: flex; align-items: center; gap: .5rem; }
.way li + li::before { content: "\\2192"; color: var(--soft); }
.way span {
  padding: .3rem .8rem; border: 1px solid var(--line); border-radius: 99px;
  background: var(--card);
}
.way .guilty span {
  border: 2px solid var(--late); background: var(--wash); color: var(--late); font-weight: 650;
}
figure, .card {
  margin: 0 0 1rem; padding: 1rem 0 .9rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .6rem; overflow: hidden; break-inside: avoid;
}
.card { padding: 1rem 1.25rem; border-left: .35rem solid var(--line); }
.card.guilty { border-left-color: var(--late); }
.next { padding: .8rem 1.25rem; border: 1px dashed var(--fine); border-radius: .6rem; }
.card ul { margin: .25rem 0; padding-left: 1.2rem; }
figcaption { padding: 0 1.25rem .75rem; }
.row {
  display: grid; grid-template-columns: 12.5rem 1fr; padding: 0 1.25rem;
  border-left: .35rem solid transparent;
}
.row.guilty { background: var(--wash); border-left-color: var(--late); }
.what { padding-right: 1rem; align-self: center; line-height: 1.3; }
.what b, .what .verdict, .what small { display: block; }
.verdict { font-weight: 650; font-size: .9rem; white-space: nowrap; }
.plot { position: relative; min-width: 0; }
.plot svg { display: block; width: 100%; height: 6.5rem; overflow: visible; }
.row.guilty svg { height: 9rem; }
.row.top svg { height: 1.1rem; }
.row.top .what { align-self: end; }
svg path { fill: none; vector-effect: non-scaling-stroke; stroke: var(--fine); }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .rail { stroke: var(--soft); stroke-width: 1; }
svg .lines { stroke-width: 1; opacity: .55; }
svg .marks { stroke-width: 1.6; }
.guilty svg .lines, .guilty svg .marks { stroke: var(--late); }
.guilty svg .lines { opacity: .75; }
.guilty svg .marks { stroke-width: 3; }
.inherited svg .lines, .inherited svg .marks,
.other svg .lines, .other svg .marks { stroke: var(--soft); }
svg .lost { stroke: var(--late); stroke-width: 1; stroke-dasharray: 2 3; }
.lump, .end {
  position: absolute; bottom: .55rem; transform: translateX(-100%); margin-left: -.5rem;
  padding: 0 .35rem;
  border-radius: .25rem; background: var(--card); color: var(--late); border: 1px solid var(--late);
  font-size: .75rem; line-height: 1.35; white-space: nowrap;
}
.lump.first, .end { transform: none; margin-left: .5rem; }
.end { bottom: auto; top: 40%; }
.end.last { transform: translateX(-100%); margin-left: -.5rem; }
.axis { height: 1.4rem; padding-top: .3rem; }
.axis .plot span {
  position: absolute; transform: translateX(-50%); color: var(--soft); font-size: .75rem;
  white-space: nowrap;
}
.axis .plot span:first-child { transform: none; }
.pair {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr));
  gap: 0 1rem;
}
.pair .row { grid-template-columns: 8.5rem 1fr; }
.pair svg, .pair .row.guilty svg { height: 5rem; }
.scroll {
  overflow-x: auto; border: 1px solid var(--line); border-radius: .6rem;
  background: var(--card);
}
table { border-collapse: collapse; width: 100%; font-size: .82rem; }
caption { padding: .75rem 1rem 0; text-align: left; color: var(--soft); }
th, td {
  padding: .45rem .55rem; text-align: left; white-space: nowrap;
  border-top: 1px solid var(--line);
}
thead th { border: 0; color: var(--soft); font-weight: 400; vertical-align: bottom; }
.number { text-align: right; }
tr.guilty { background: var(--wash); }
td small { display: block; white-space: normal; min-width: 9rem; }
summary { cursor: pointer; padding: .4rem 0; }
pre {
  overflow: auto; max-height: 32rem; padding: 1rem; border: 1px solid var(--line);
  border-radius: .6rem; background: var(--card); font-size: .8rem;
}
:focus-visible { outline: 2px solid var(--fine); outline-offset: 2px; }
@media (max-width: 44rem) {
  .row, .pair .row { grid-template-columns: 1fr; padding: 0 .8rem; }
  .what {
    padding: .5rem 0 .2rem; display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 .6rem;
  }
  figcaption { padding: 0 1rem .5rem; }
  .end, .end.last {
    left: .25rem !important; right: .25rem; margin: 0; transform: none; white-space: normal;
  }
  .axis .what, .axis .plot span:nth-child(even) { display: none; }
}
@media print {
  :root {
    --paper: #fff; --card: #fff; --ink: #000; --soft: #555; --line: #ccc; --fine: #0a6c8c;
    --late: #b03a08; --wash: #fdf0e8;
  }
  body {
    padding: 0; max-width: none; font-size: 10pt; print-color-adjust: exact;
    -webkit-print-color-adjust: exact;
  }
  .scroll { overflow: visible; }
  th, td { padding: .2rem .35rem; font-size: 7.5pt; white-space: normal; }
  details { display: none; }
}
"""
