// Draws the overview's two charts from its table of figures, and writes names of countries in the page's language. Charts
// are drawn again when the figures, the theme or the width change.
"use strict";

const language = document.documentElement.lang;
const DAY_MS = 86_400_000;

// Colors come from the style sheet, light or dark: the canvas needs their computed values.
const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);
const colour = (name) => {
  probe.className = `ink-${name}`;
  return getComputedStyle(probe).color;
};

const figures = () => {
  const table = document.querySelector("[data-figures]");
  const names = [...table.querySelectorAll("th[data-name]")].map((head) => head.dataset.name);
  const rows = [...table.querySelectorAll("tr[data-at]")];
  const column = (index) =>
    rows.map((row) => {
      const { value } = row.querySelectorAll("td")[index].dataset;
      return value === "" ? null : Number(value);
    });
  const found = Object.fromEntries(names.map((name, index) => [name, column(index)]));
  return { ...found, at: rows.map((row) => Number(row.dataset.at) / 1_000), grainMs: Number(table.dataset.grain), rows };
};

const moment = (grainMs) =>
  new Intl.DateTimeFormat(
    language,
    grainMs === DAY_MS ? { day: "numeric", month: "short", timeZone: "UTC" } : { hour: "2-digit", minute: "2-digit", hour12: false },
  );

// Shows the table's row of the time under the pointer.
const tip = (data) => {
  const box = document.createElement("div");
  box.className = "chart-tip";
  box.hidden = true;
  return {
    hooks: {
      init: (chart) => chart.over.append(box),
      setCursor: (chart) => {
        const { idx, left } = chart.cursor;
        box.hidden = idx === null || idx === undefined || left < 0;
        if (box.hidden) {
          return;
        }
        const heads = [...document.querySelectorAll("[data-figures] thead th")];
        const cells = [...data.rows[idx].children];
        box.replaceChildren(
          ...cells.map((cell, index) => {
            const line = document.createElement(index ? "div" : "strong");
            line.textContent = index ? `${heads[index].textContent}: ${cell.textContent}` : cell.textContent;
            return line;
          }),
        );
        const room = chart.over.clientWidth;
        const at = chart.valToPos(data.at[idx], "x");
        box.style.transform = `translateX(${at > room / 2 ? Math.max(at - box.offsetWidth - 12, 0) : at + 12}px)`;
      },
    },
  };
};

const axes = (data, values) => {
  const format = moment(data.grainMs);
  const shared = { stroke: colour("faint"), font: "12px Inter, system-ui, sans-serif", ticks: { show: false } };
  return [
    { ...shared, grid: { show: false }, size: 28, space: 64, values: (_, splits) => splits.map((at) => format.format(at * 1_000)) },
    { ...shared, grid: { stroke: colour("line"), width: 1 }, size: 56, space: 36, values },
  ];
};

const shared = (data, mount) => ({
  width: mount.clientWidth,
  height: mount.clientHeight,
  legend: { show: false },
  cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
  plugins: [tip(data)],
  ...(data.grainMs === DAY_MS && { tzDate: (at) => uPlot.tzDate(new Date(at * 1_000), "Etc/UTC") }),
});

// Stacked bars are drawn as bars in front of each other: running sums, the longest first.
const traffic = (data, mount) => {
  const count = new Intl.NumberFormat(language, { notation: "compact" });
  const half = data.grainMs / 2_000;
  const paths = uPlot.paths.bars({ size: [0.72, 48], radius: 0.12 });
  const bars = (name) => ({ fill: colour(name), width: 0, paths, points: { show: false } });
  const sums = data.good.map((good, index) => good + data.busy[index]);
  return new uPlot(
    {
      ...shared(data, mount),
      scales: {
        x: { range: [data.at[0] - half, data.at.at(-1) + half] },
        y: { range: (_, low, high) => [0, Math.max(high * 1.08, 4)] },
      },
      series: [{}, bars("bad-fill"), bars("busy-fill"), bars("good-fill")],
      axes: axes(data, (_, splits) => splits.map((value) => (Number.isInteger(value) ? count.format(value) : ""))),
    },
    [data.at, data.total, sums, data.good],
    mount,
  );
};

const rate = (data, mount) => {
  const percent = new Intl.NumberFormat(language, { style: "percent" });
  const half = data.grainMs / 2_000;
  return new uPlot(
    {
      ...shared(data, mount),
      scales: { x: { range: [data.at[0] - half, data.at.at(-1) + half] }, y: { range: [0, 1.04] } },
      series: [{}, { stroke: colour("accent"), width: 2, spanGaps: true, points: { show: true, size: 5, fill: colour("accent") } }],
      axes: axes(data, (_, splits) => splits.map((value) => (value > 1 ? "" : percent.format(value)))),
    },
    [data.at, data.rate],
    mount,
  );
};

const charts = new Map();
const draw = () => {
  const data = figures();
  for (const [name, make] of Object.entries({ traffic, rate })) {
    charts.get(name)?.destroy();
    charts.set(name, make(data, document.querySelector(`[data-chart="${name}"]`)));
  }
  const regions = new Intl.DisplayNames(language, { type: "region", fallback: "code" });
  for (const name of document.querySelectorAll("[data-country]")) {
    name.textContent = regions.of(name.dataset.country);
  }
};

document.addEventListener("htmx:after:swap", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
document.fonts.ready.then(() => {
  new ResizeObserver(draw).observe(document.querySelector("[data-chart]"));
});
