// The measured pattern over what explains it, and the edges. Plotly draws; the numbers come from the server.

import { make, colours, colourOf } from "./dom.js";

let loading = null;

/** Plotly is large: it is loaded after the page is there. */
export function plotly() {
  loading ||= new Promise((resolve, reject) => {
    if (window.Plotly) { resolve(window.Plotly); return; }
    document.head.append(make("script", { src: "/static/plotly.js", onload: () => resolve(window.Plotly), onerror: () => reject(new Error("Plotly could not be loaded.")) }));
  });
  return loading;
}

const AXES = {
  angle: { title: "2θ (°)", of: (angle) => angle },
  q: { title: "q (1/Å)", of: (angle, wavelength) => 4 * Math.PI * Math.sin(angle * Math.PI / 360) / wavelength },
  d: { title: "d (Å)", of: (angle, wavelength) => wavelength / (2 * Math.sin(angle * Math.PI / 360)) },
};

const SCALES = {
  // linear in the noise and a square root above it, as in the pictures of the command line
  root: { name: "√ intensity", of: (value, soft) => Math.sign(value) * (Math.sqrt(Math.abs(value) + soft) - Math.sqrt(soft)) },
  linear: { name: "intensity", of: (value) => value },
  log: { name: "log intensity", of: (value) => Math.log10(Math.max(value, 0.05)) },
};

export const CONFIG = { displayModeBar: false, responsive: true, doubleClick: "reset" };

export const base = () => {
  const { ink, pale, line } = colours();
  const axis = { gridcolor: line, linecolor: line, zeroline: false, ticks: "outside", tickcolor: line, tickfont: { color: pale }, title: { font: { color: pale, size: 13 } } };
  return {
    axis,
    layout: {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { family: "system-ui, sans-serif", size: 12, color: ink },
      margin: { l: 26, r: 12, t: 26, b: 42 }, hovermode: "closest", legend: { orientation: "h", x: 1, xanchor: "right", y: 1.02, yanchor: "bottom", font: { size: 12 } },
      hoverlabel: { font: { family: "system-ui, sans-serif" } },
    },
  };
};

/** The pattern with one crystal over it. */
export class PatternPlot {
  constructor(container) {
    this.element = make("div", { class: "plot", role: "img", "aria-label": "Measured pattern and calculated profile" });
    container.replaceChildren(this.controls(), this.element);
    this.view = { axis: "angle", scale: "root", difference: true, parts: true };
  }

  controls() {
    const choice = (name, options) => make("span", { class: "choice", role: "radiogroup", "aria-label": name },
      ...Object.entries(options).map(([value, text], place) => make("label", {},
        make("input", { type: "radio", name: `plot-${name}`, value, checked: place === 0, onchange: () => { this.view[name] = value; this.draw(true); } }),
        make("span", {}, text))));
    const tick = (name, text) => make("label", { class: "tick" },
      make("input", { type: "checkbox", checked: true, onchange: (event) => { this.view[name] = event.target.checked; this.draw(); } }), ` ${text}`);
    this.parts = tick("parts", "each phase");
    this.parts.hidden = true;
    return make("div", { class: "controls" }, choice("scale", { root: "√", linear: "linear", log: "log" }),
      choice("axis", { angle: "2θ", q: "q", d: "d" }), tick("difference", "difference"), this.parts,
      make("span", { class: "space" }), make("button", { type: "button", class: "quiet", onclick: () => this.draw(true) }, "Whole pattern"));
  }

  /** A pattern, with a mixture's parts where there are any; drawn now, or with the `crystal` that comes over it. */
  show(pattern, mixture = null, names = [], now = true) {
    Object.assign(this, { pattern, mixture, names, overlay: null });
    this.parts.hidden = !mixture;
    const steps = pattern.measured.slice(1).map((value, i) => Math.abs(value - pattern.measured[i])).sort((one, other) => one - other);
    this.soft = Math.max(1, 4 * steps[Math.floor(steps.length / 2)]); // neighbours differ by noise alone, except on a line
    this.range = null;
    if (now) this.draw(true);
  }

  crystal(overlay, label, place) {
    Object.assign(this, { overlay, label, place });
    this.draw();
  }

  /** Show some degrees around an angle. */
  goTo(angle) {
    const { wavelength_A } = this.pattern, to = AXES[this.view.axis].of;
    this.range = [to(angle - 1.5, wavelength_A), to(angle + 1.5, wavelength_A)];
    this.draw();
    this.element.scrollIntoView({ behavior: "smooth", block: "center" });
  }

  traces() {
    const { pattern, overlay, mixture, view } = this;
    const { ink, pale } = colours();
    const toX = (angle) => AXES[view.axis].of(angle, pattern.wavelength_A);
    const floor = Math.min(...pattern.background || [0]);
    const toY = (value) => SCALES[view.scale].of(value - floor, this.soft);
    const x = pattern.two_theta_deg.map(toX);
    const lines = (y, name, colour, width, more = {}) => ({ type: "scatter", mode: "lines", x, y, name, line: { color: colour, width, ...more.line }, hoverinfo: "skip", ...more.trace });
    const calculated = (mixture && view.parts ? mixture.calculated : overlay ? overlay.calculated : mixture?.calculated) || null;
    const colour = colourOf(this.place || 0);
    const found = [{ ...lines(pattern.measured.map(toY), "measured", ink, 1), hoverinfo: "x" }];
    if (pattern.background) found.push(lines(pattern.background.map(toY), "background", pale, 1, { line: { dash: "dot" } }));
    if (mixture && view.parts) {
      mixture.parts.forEach((part, place) => found.push(lines(part.map((value, i) => toY(value + pattern.background[i])), this.names[place], colourOf(place), 1.2)));
    }
    if (calculated) found.push(lines(calculated.map(toY), mixture && view.parts ? "sum" : this.label || "calculated", mixture && view.parts ? pale : colour, 1.4));
    if (overlay) {
      found.push({
        type: "scatter", mode: "markers", x: overlay.ticks_deg.map(toX), y: overlay.ticks_deg.map(() => 0), yaxis: "y2", name: "lines", showlegend: false,
        marker: { symbol: "line-ns-open", size: 11, line: { width: 1.2 }, color: colour, opacity: 1 },
        text: overlay.hkl.map((hkl, i) => `${hkl.join(" ")}   d ${(pattern.wavelength_A / 2 / Math.sin(overlay.ticks_deg[i] * Math.PI / 360)).toFixed(4)} Å   ${(100 * overlay.tick_heights[i]).toFixed(0)} %`),
        hovertemplate: "%{text}<extra></extra>",
      });
    }
    if (calculated && view.difference) {
      found.push({ ...lines(pattern.measured.map((value, i) => value - calculated[i]), "difference", pale, 0.9), yaxis: "y3" });
    }
    return found;
  }

  async draw(again = false) {
    const { pattern, view } = this;
    if (!pattern) return;
    const Plotly = await plotly();
    if (again) this.range = null;
    const { axis, layout } = base();
    const difference = view.difference && Boolean(this.overlay?.calculated || this.mixture);
    const low = difference ? 0.24 : this.overlay ? 0.08 : 0;
    const hidden = { showticklabels: false, showgrid: false, ticks: "", zeroline: false, fixedrange: true };
    const changes = `${view.axis}${this.range || ""}`;
    Plotly.react(this.element, this.traces(), {
      ...layout, uirevision: changes, showlegend: this.element.clientWidth > 560,
      xaxis: { ...axis, title: { ...axis.title, text: AXES[view.axis].title + (view.axis === "angle" ? `, λ = ${pattern.wavelength_A.toPrecision(5)} Å` : "") }, autorange: this.range ? false : view.axis === "d" ? "reversed" : true, ...(this.range ? { range: this.range } : {}), anchor: difference ? "y3" : "y2", uirevision: changes },
      yaxis: { ...axis, domain: [low, 1], title: { ...axis.title, text: SCALES[view.scale].name }, showticklabels: false, ticks: "", showgrid: false, uirevision: view.scale },
      yaxis2: { ...hidden, domain: [low - 0.06 < 0 ? 0 : low - 0.06, Math.max(low - 0.01, 0.05)], range: [-1, 1] },
      yaxis3: { ...hidden, domain: [0, 0.17], zeroline: true, zerolinecolor: colours().line },
    }, CONFIG);
  }
}

/** Each edge with the library spectrum of a crystal. */
export class EdgePlots {
  constructor(container) { this.container = container; }

  async show(edges, matches, place, mixture, names) {
    const panels = edges.map((edge) => ({ edge, match: matches.find((match) => match.edge === edge.edge) }));
    const extended = matches.filter((match) => match.k_invA).map((match) => ({ match }));
    const Plotly = edges.length || extended.length ? await plotly() : null;
    const all = [...panels, ...extended];
    while (this.container.children.length > all.length) this.container.lastChild.remove();
    while (this.container.children.length < all.length) this.container.append(make("figure", { class: "edge" }, make("figcaption"), make("div", { class: "plot small" })));
    const { ink, pale } = colours();
    all.forEach(({ edge, match }, i) => {
      const figure = this.container.children[i], colour = colourOf(place);
      const title = edge ? `${edge.edge} edge` : `${match.edge}, k²χ(k)`;
      figure.firstChild.textContent = title + (match ? `: r ${match.correlation.toFixed(3)}, shift ${match.shift_eV >= 0 ? "+" : ""}${match.shift_eV.toFixed(1)} eV; ${match.maker}` : ": no spectrum of this edge in the index");
      const { axis, layout } = base();
      const line = (x, y, name, color, width) => ({ type: "scatter", mode: "lines", x, y, name, line: { color, width }, hoverinfo: "x+y" });
      const traces = [];
      if (mixture && mixture.energy_eV) {
        traces.push(line(mixture.energy_eV, mixture.measured, "measured", ink, 1.3), line(mixture.energy_eV, mixture.calculated, "sum", pale, 1.6));
        mixture.parts.forEach((part, k) => traces.push(line(mixture.energy_eV, part, names[k], colourOf(k), 1.1)));
      } else if (edge) {
        traces.push(line(edge.energy_eV, edge.mu, "measured", ink, 1.3));
        if (match) {
          traces.push(line(match.energy_eV, match.library, match.kind, colour, 1.4));
          const measured = interpolated(edge.energy_eV, edge.mu, match.energy_eV);
          traces.push(line(match.energy_eV, match.library.map((value, k) => measured[k] - value - 0.25), "difference", pale, 0.9));
        }
      } else {
        traces.push(line(match.k_invA, match.measured, "measured", ink, 1.3), line(match.k_invA, match.library, match.kind, colour, 1.4));
      }
      Plotly.react(figure.lastChild, traces, {
        ...layout, margin: { l: 40, r: 8, t: 4, b: 38 }, uirevision: title, showlegend: Boolean(mixture?.energy_eV),
        xaxis: { ...axis, title: { ...axis.title, text: edge ? "energy (eV)" : "k (1/Å)" } },
        yaxis: { ...axis, showgrid: false, tickformat: ".1f" },
        legend: { ...layout.legend, y: 0.02, yanchor: "bottom" },
      }, CONFIG);
    });
  }
}

function interpolated(x, y, at) {
  let k = 0;
  return at.map((value) => {
    while (k < x.length - 2 && x[k + 1] < value) k += 1;
    const part = Math.min(1, Math.max(0, (value - x[k]) / (x[k + 1] - x[k] || 1)));
    return y[k] + part * (y[k + 1] - y[k]);
  });
}

/** A small picture of a file as it was read. */
export async function preview(element, shown) {
  const Plotly = await plotly();
  const { ink, pale } = colours(), { axis, layout } = base();
  const x = shown.two_theta_deg || shown.energy_eV, y = shown.intensity || shown.mu;
  const traces = [{ type: "scatter", mode: "lines", x, y, line: { color: ink, width: 1 }, hoverinfo: "x" }];
  if (shown.background) traces.push({ type: "scatter", mode: "lines", x, y: shown.background, line: { color: pale, width: 1, dash: "dot" }, hoverinfo: "skip" });
  Plotly.react(element, traces, {
    ...layout, showlegend: false, height: 130, margin: { l: 6, r: 6, t: 4, b: 24 }, dragmode: false,
    xaxis: { ...axis, fixedrange: true }, yaxis: { ...axis, showticklabels: false, ticks: "", showgrid: false, fixedrange: true },
    shapes: shown.e0_eV ? [{ type: "line", x0: shown.e0_eV, x1: shown.e0_eV, yref: "paper", y0: 0, y1: 1, line: { color: pale, width: 1, dash: "dot" } }] : [],
  }, CONFIG);
}
