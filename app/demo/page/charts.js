// The charts of the dashboard: what each shows of a `system` event, and how it is drawn.
/* global uPlot */
import { element } from "/demo/element.js";
import { colour, onSchemeChange } from "/demo/palette.js";
import * as quantities from "/demo/quantities.js";

const WINDOW_SECONDS = 300;  // what the log retains by default
const PLOT_HEIGHT = 170;
const MAX_CORES_NAMED = 2;   // above: the mean and the busiest are named, the others are faint

const MINUTES = [4, 3, 2, 1, 0];  // before now, where the time axis is labelled

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / (values.length || 1);

// Of `cores` many: a line for each, or, if they are many, two that say it all.
function cpuSeries(cores) {
  if (cores <= MAX_CORES_NAMED) {
    return Array.from({ length: cores }, (_, core) => ({
      label: `core ${core}`, colour: `series-${core + 1}`, value: (event) => event.cpu_percent[core],
    }));
  }
  const faint = Array.from({ length: cores }, (_, core) => ({
    colour: "series-1-soft", width: 1, value: (event) => event.cpu_percent[core],
  }));
  return [
    ...faint,
    { label: "mean", colour: "series-1", area: true, value: (event) => mean(event.cpu_percent) },
    { label: "busiest", colour: "series-2", value: (event) => Math.max(...event.cpu_percent) },
  ];
}

// A series without a label is drawn, but not named. `minimum`: the least top of the scale.
const CHARTS = [
  {
    name: "cpu", title: "CPU", format: quantities.percent, top: () => 100,
    series: (event) => cpuSeries(event.cpu_percent.length),
  },
  {
    name: "memory", title: "Memory", format: quantities.bytes,
    top: (event) => event.memory_bytes.total, binary: true,
    note: (event) => `of ${quantities.bytes(event.memory_bytes.total)}`,
    series: () => [
      { label: "in use", colour: "series-1", area: true, value: (e) => e.memory_bytes.used },
      { label: "page cache", colour: "series-2", value: (e) => e.memory_bytes.cache },
    ],
  },
  {
    name: "network", title: "Network", format: quantities.bytesPerSecond, minimum: 10240, binary: true,
    series: () => [
      { label: "in", colour: "series-1", value: (e) => e.network_bytes_per_second.received },
      { label: "out", colour: "series-2", value: (e) => e.network_bytes_per_second.sent },
      { label: "loopback", colour: "series-3", value: (e) => e.network_bytes_per_second.loopback },
    ],
  },
  {
    name: "load", title: "Load", format: quantities.load, minimum: 1,
    series: () => [
      { label: "1 min", colour: "series-1", value: (e) => e.load[0] },
      { label: "5 min", colour: "series-2", value: (e) => e.load[1] },
      { label: "15 min", colour: "series-3", value: (e) => e.load[2] },
    ],
  },
  {
    name: "rates", title: "Events through Sluice", format: quantities.perSecond, minimum: 5,
    series: () => [
      { label: "published", colour: "series-1", value: (e) => e.sluice.published_per_second },
      { label: "delivered", colour: "series-2", value: (e) => e.sluice.delivered_per_second },
    ],
  },
  {
    name: "sessions", title: "Open sessions", format: quantities.count, minimum: 4, whole: true,
    series: () => [
      { label: "sessions", colour: "series-1", area: true, stepped: true, value: (e) => e.sluice.sessions },
    ],
  },
];

// One card: title, legend with the newest values (or those under the pointer), canvas.
class Chart {
  #spec;
  #plot = null;
  #series = [];
  #values = [];  // elements of the legend

  constructor(spec, container) {
    this.#spec = spec;
    this.legend = element("ul", { className: "legend" });
    this.note = element("span", { className: "chart-note" });
    this.canvas = element("div", { className: "plot" });
    this.node = element("section", { className: "card chart" },
      element("div", { className: "chart-head" },
        element("h2", {}, `${spec.title} `, this.note), this.legend),
      this.canvas);
    this.node.dataset.chart = spec.name;
    this.node.dataset.points = "0";
    container.append(this.node);
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(this.canvas);
  }

  // Draws `events`, oldest first.
  draw(events) {
    const latest = events.at(-1);
    if (!latest) return this.#clear();
    const series = this.#spec.series(latest);
    if (series.length !== this.#series.length) this.#build(series);
    const newest = latest.time_ms / 1000;
    this.#plot.setData([
      events.map((event) => event.time_ms / 1000),
      ...this.#series.map(({ value }) => events.map((event) => value(event) ?? null)),
    ], false);
    const values = this.#plot.data.slice(1).flat();
    this.#plot.batch(() => {
      this.#plot.setScale("x", { min: newest - WINDOW_SECONDS, max: newest });
      this.#plot.setScale("y", { min: 0, max: this.#top(latest, values) });
    });
    this.#showValues();
    if (this.#spec.note) this.note.textContent = this.#spec.note(latest);
    this.node.dataset.points = String(events.length);
  }

  redraw() {
    this.#plot?.redraw();
  }

  #clear() {
    this.node.dataset.points = "0";
    this.#plot?.setData([[], ...this.#series.map(() => [])], false);
    for (const value of this.#values) value.textContent = "–";
  }

  #top(latest, values) {
    if (this.#spec.top) return this.#spec.top(latest);
    let top = this.#spec.minimum;
    for (const value of values) top = Math.max(top, value * 1.1);
    return top;
  }

  #size() {
    return { width: this.canvas.clientWidth, height: PLOT_HEIGHT };
  }

  #build(series) {
    this.#plot?.destroy();
    this.#series = series;
    const named = series.filter(({ label }) => label);
    this.#values = named.map(() => element("span", { className: "value", textContent: "–" }));
    this.legend.replaceChildren(...named.map(({ label, colour: name }, index) => {
      const item = element("li", {}, element("span", { textContent: label }), this.#values[index]);
      item.dataset.colour = name;
      return item;
    }));
    this.#plot = new uPlot(this.#options(series), [[], ...series.map(() => [])], this.canvas);
  }

  #options(series) {
    const axis = { stroke: () => colour("faint"), font: "11px system-ui, sans-serif", ticks: { show: false } };
    return {
      ...this.#size(),
      padding: [8, 16, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: "dashboard" }, drag: { x: false, y: false }, points: { size: 5 }, y: false },
      scales: { x: { time: true, auto: false }, y: { auto: false } },
      axes: [
        {
          ...axis, size: 24, grid: { show: false },
          splits: (_, __, min, max) => MINUTES.map((minutes) => max - minutes * 60),
          values: () => MINUTES.map((minutes) => (minutes ? `−${minutes} min` : "now")),
        },
        {
          ...axis, size: 64, space: 30, grid: { stroke: () => colour("grid"), width: 1 },
          splits: this.#spec.binary ? (_, __, min, max) => binarySplits(min, max) : undefined,
          incrs: this.#spec.whole ? [1, 2, 5, 10, 20, 50, 100, 1000, 10000, 100000] : undefined,
          values: (_, splits) => splits.map((value) => quantities.short(this.#spec.format(value))),
        },
      ],
      series: [{}, ...series.map((one) => ({
        stroke: () => colour(one.colour),
        fill: one.area ? () => colour("series-1-soft") : undefined,
        width: one.width ?? 1.5,
        paths: one.stepped ? uPlot.paths.stepped({ align: 1 }) : undefined,
        points: { show: false },
      }))],
      hooks: { setCursor: [() => this.#showValues()] },
    };
  }

  #showValues() {
    const { data, cursor } = this.#plot;
    const index = cursor.idx ?? data[0].length - 1;
    const named = this.#series.flatMap((one, number) => (one.label ? [number] : []));
    named.forEach((number, place) => {
      const value = data[number + 1][index];
      this.#values[place].textContent = value == null ? "–" : this.#spec.format(value);
    });
  }
}

// Four steps or fewer, each a power of two, so that KiB, MiB and GiB come out round.
function binarySplits(min, max) {
  const step = 2 ** Math.ceil(Math.log2((max - min) / 4));
  return Array.from({ length: Math.floor(max / step) + 1 }, (_, index) => index * step);
}

export class Charts {
  #charts;
  #events = [];
  #frame = 0;

  constructor(container) {
    this.#charts = CHARTS.map((spec) => new Chart(spec, container));
    onSchemeChange(() => this.#charts.forEach((chart) => chart.redraw()));
  }

  add(event) {
    this.#events.push(event);
    const oldest = event.time_ms - WINDOW_SECONDS * 1000;
    while (this.#events[0].time_ms < oldest) this.#events.shift();
    this.#drawSoon();
  }

  clear() {
    this.#events = [];
    this.#drawSoon();
  }

  // A replay of hundreds of events is drawn once.
  #drawSoon() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      for (const chart of this.#charts) chart.draw(this.#events);
    });
  }
}
