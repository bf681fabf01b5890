// Answers without hits: indexed cells, what an edge says of a site, the map of a series.

import { $$, make, fromServer, call, colours } from "./dom.js";
import { PatternPlot, plotly, base, CONFIG } from "./plot.js";
import { Answer } from "./answer.js";

export class Other {
  constructor(container) { this.container = container; }

  show(key, record) {
    if (record.kind === "series") this.series(key).table(record);
    else ({ cells: cells, site: site })[record.kind](this.container, record);
  }

  /** The map of a series, made when its first scan is there. */
  series(key) {
    if (this.map?.key !== key) this.map = new SeriesMap(this.container, key);
    return this.map;
  }
}

/** Rows of a table of the server, of which one is chosen at a time. */
function choosable(table, choose) {
  const rows = $$("tbody tr", table);
  const pick = (place) => {
    rows.forEach((row, i) => row.classList.toggle("chosen", i === place));
    choose(place);
  };
  rows.forEach((row, place) => {
    row.tabIndex = 0;
    row.addEventListener("click", () => pick(place));
    row.addEventListener("keydown", (event) => { if (event.key === "Enter") pick(place); });
    row.addEventListener("focus", () => pick(place));
  });
  return { rows, pick };
}

/** The pattern with the lines of the chosen cell. */
function cells(container, record) {
  const plot = make("div", { class: "pattern card" }), table = fromServer(record.page, "div", { class: "other listed" });
  container.replaceChildren(make("section", { class: "plots" }, plot), table);
  const pattern = new PatternPlot(plot);
  pattern.show(record.pattern);
  const { rows, pick } = choosable(table, (place) => pattern.crystal(record.cells[place], `cell ${place + 1}`, place));
  if (rows.length) pick(0);
}

/** The table, and the edge with the energies that carried the chosen answer. */
function site(container, record) {
  const plot = make("div", { class: "plot" }), caption = make("p", { class: "hint" });
  const choose = make("select", { "aria-label": "Which answer" }, ...record.attributions.of.map((one, place) => make("option", { value: String(place) }, `${one.name}: ${one.answer}`)));
  const draw = async () => {
    const Plotly = await plotly(), { axis, layout } = base(), { ink, accent } = colours(), one = record.attributions.of[Number(choose.value)];
    const edge = record.edge;
    Plotly.react(plot, [
      { type: "bar", x: record.attributions.energy_eV, y: one.weights, yaxis: "y2", marker: { color: accent, opacity: 0.35 }, name: "weight in the answer", hoverinfo: "x+y" },
      { type: "scatter", mode: "lines", x: edge.energy_eV, y: edge.mu, line: { color: ink, width: 1.6 }, name: edge.edge, hoverinfo: "x+y" },
    ], {
      ...layout, bargap: 0, margin: { ...layout.margin, l: 40 },
      xaxis: { ...axis, title: { ...axis.title, text: "energy (eV)" } }, yaxis: { ...axis, showgrid: false, overlaying: "y2", tickformat: ".1f" },
      yaxis2: { ...axis, showgrid: false, showticklabels: false, ticks: "", range: [0, 1.02], side: "right" },
    }, CONFIG);
  };
  choose.addEventListener("change", draw);
  caption.textContent = "The higher a bar, the more that energy weighed in the answer.";
  container.replaceChildren(make("div", { class: "beside" }, fromServer(record.page, "div", { class: "other" }),
    make("div", { class: "card wide-card" }, make("label", { class: "one" }, "What carried ", choose), plot, caption)));
  draw();
}

/** Phases over scan number; a click opens a scan. */
class SeriesMap {
  constructor(container, key) {
    Object.assign(this, { key, scans: [] });
    this.plot = make("div", { class: "plot map" });
    this.list = make("div", { class: "other listed" });
    const one = make("div", { class: "scan" });
    container.replaceChildren(make("div", { class: "card" }, this.plot,
      make("p", { class: "hint" }, "A click, or Enter in the table, opens a scan. ", make("a", { href: `/api/jobs/${key}/download/zip`, download: "" }, "Everything in one zip"))), this.list, one);
    this.answer = new Answer(one);
  }

  /** One more scan is there. */
  add(scan) {
    this.scans[scan.number] = scan;
    this.total = scan.total;
    const now = performance.now();
    if (now - (this.drawn || 0) > 300 || scan.number === scan.total - 1) { this.drawn = now; this.draw(); }
  }

  table(record) {
    this.list.innerHTML = record.page;
    choosable(this.list, (place) => this.open(place));
    this.draw();
  }

  async open(number) {
    this.opened = number;
    const record = await call(`/api/jobs/${this.key}/answer?scan=${number}`);
    if (this.opened === number) this.answer.show(this.key, record, number);
  }

  async draw() {
    const Plotly = await plotly(), { axis, layout } = base(), { ground, accent } = colours();
    const total = {};
    for (const scan of this.scans.filter(Boolean)) for (const one of scan.phases) { const name = label(one); total[name] = (total[name] || 0) + one.value; }
    const names = Object.keys(total).sort((one, other) => total[one] - total[other]);
    const z = names.map((name) => Array.from({ length: this.total || 0 }, (_, i) => this.scans[i]?.phases.find((one) => label(one) === name)?.value ?? null));
    await Plotly.react(this.plot, [{
      type: "heatmap", z, x: Array.from({ length: this.total || 0 }, (_, i) => i + 1), y: names, zmin: 0, zmax: 1, xgap: this.total < 120 ? 1 : 0, ygap: 2,
      colorscale: [[0, ground], [1, accent]], colorbar: { thickness: 10, outlinewidth: 0, tickformat: ".0%" },
      hovertemplate: "scan %{x}: %{y}, %{z:.0%}<extra></extra>",
    }], { ...layout, height: 90 + 34 * Math.max(3, names.length), margin: { ...layout.margin, l: 10 }, xaxis: { ...axis, title: { ...axis.title, text: "scan" }, showgrid: false, dtick: (this.total || 0) < 16 ? 1 : null }, yaxis: { ...axis, automargin: true, showgrid: false, fixedrange: true } }, CONFIG);
    if (!this.listening) {
      this.listening = true;
      this.plot.on("plotly_click", ({ points }) => this.open(points[0].x - 1));
    }
  }
}

const label = (one) => `${one.phase}${one.space_group ? ` (${one.space_group})` : ""}`;
