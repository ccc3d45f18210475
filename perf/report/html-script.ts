/** Draws the plots that stand in `PLOTS`, with uPlot, when the page is opened. */

export const SCRIPT = `
const COLOURS = { headwater: "#1f6feb", "headwater-d1": "#8250df", "reference-memory": "#2da44e", "reference-files": "#bf8700", floor: "#8b949e" };
const OTHERS = ["#cf222e", "#0a7ea4", "#a475f9"];
const ink = getComputedStyle(document.body).color;
const line = getComputedStyle(document.documentElement).getPropertyValue("--line");
PLOTS.forEach((plots, w) => plots.forEach((plot, p) => {
  const place = document.getElementById("plot-" + w + "-" + p);
  const ticks = new Map(plot.ticks);
  const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  let other = 0;
  const draw = () => ({
    title: plot.title,
    width: place.clientWidth - 16,
    height: 260,
    cursor: { points: { size: 5 } },
    scales: { x: { time: false, distr: plot.growth ? 3 : 1 }, y: { distr: 3 } },
    axes: [
      { ...axis, splits: () => plot.ticks.map((t) => t[0]), values: (_, at) => at.map((v) => ticks.get(v) ?? "") },
      { ...axis, size: 60, values: (_, at) => at.map((v) => v === null ? "" : v + " " + plot.unit) },
    ],
    series: [
      { label: plot.x, value: (_, v) => v === null ? "" : plot.growth ? v.toLocaleString("en") : (100 - 100 / 10 ** v).toFixed(1) + " %" },
      ...plot.lines.map(({ label }) => ({
        label,
        width: label.startsWith("headwater") ? 3 : 1.5,
        stroke: COLOURS[label] ?? OTHERS[other++ % OTHERS.length],
        points: { show: plot.growth },
        value: (_, v) => v === null || v === undefined ? "" : v.toFixed(2) + " " + plot.unit,
      })),
    ],
  });
  const chart = new uPlot(draw(), [plot.xs, ...plot.lines.map(({ ys }) => ys)], place);
  addEventListener("resize", () => chart.setSize({ width: place.clientWidth - 16, height: 260 }));
}));
`;
