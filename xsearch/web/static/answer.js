// An answer: the verdict, the pattern and the edges under it, the crystals, and what each rests on.

import { $, $$, make, fromServer, call } from "./dom.js";
import { PatternPlot, EdgePlots } from "./plot.js";
import { CrystalView } from "./crystal.js";

const FORMS = { zip: "Everything, one zip", html: "Report (HTML)", json: "Numbers (JSON)", png: "Figure (PNG)", svg: "Figure (SVG)", cifs: "All crystals (CIF)" };
const PROGRAMS = { gsas2: "GSAS-II", topas: "TOPAS", fullprof: "FullProf", bgmn: "BGMN", bgmn: "BGMN", rietx: "rietx" };

export class Answer {
  constructor(container) {
    this.container = container;
    this.place = -1;
  }

  /** Show the answer of a job, or that of a scan of its series. */
  show(key, record, scan = null) {
    Object.assign(this, { key, record, crystals: new Map(), place: -1, scan: scan === null ? "" : `scan=${scan}` });
    if (record.first) this.crystals.set(0, Promise.resolve(record.first));
    const keep = this.keepMenu();
    const plots = make("section", { class: "plots" });
    const pattern = make("div", { class: "pattern card" }), edges = make("div", { class: "edges" });
    if (record.pattern) plots.append(pattern);
    if (record.edges.length) plots.append(edges);
    plots.classList.toggle("both", Boolean(record.pattern && record.edges.length));
    this.details = make("div", { class: "details", "aria-live": "polite" });
    const picture = make("div", { class: "crystal card" });
    this.container.replaceChildren(
      make("div", { class: "head" }, fromServer(record.html.verdict, "div", { class: "verdict-box" }), keep), plots,
      fromServer(record.html.crystals, "div", { class: "scroll list", tabindex: "0", "aria-label": "Crystals; arrow keys move through them" }),
      make("div", { class: "beside" }, this.details, picture),
      make("section", {}, make("h3", {}, "Notes"), fromServer(record.html.notes)),
      fromServer(record.html.credits, "footer"));
    this.names = record.crystals.map((one) => one.text);
    this.pattern = record.pattern ? new PatternPlot(pattern) : null;
    this.edges = new EdgePlots(edges);
    this.view = record.crystals.length ? new CrystalView(picture) : null;
    this.pattern?.show(record.pattern, record.mixture?.parts && record.pattern ? record.mixture : null, this.names, !record.first?.overlay);
    if (!record.crystals.length) { picture.remove(); this.edges.show(record.edges, [], 0); }
    this.rows = $$(".list tbody tr", this.container);
    this.rows.forEach((row, place) => {
      row.addEventListener("click", () => this.choose(place));
      row.addEventListener("mouseenter", () => this.glance(place));
    });
    $(".list tbody", this.container)?.addEventListener("mouseleave", () => this.glance(this.place));
    if (this.rows.length) this.choose(0);
  }

  /** One crystal, loaded once. */
  crystal(place) {
    if (!this.crystals.has(place)) this.crystals.set(place, call(`/api/jobs/${this.key}/crystals/${place}?${this.scan}`));
    return this.crystals.get(place);
  }

  /** Draw a crystal under the pattern without choosing it. */
  async glance(place) {
    this.glanced = place;
    const crystal = await this.crystal(place);
    if (this.glanced !== place) return;
    const label = this.names[place];
    if (crystal.overlay) this.pattern?.crystal(crystal.overlay, label, place);
    this.edges.show(this.record.edges, crystal.edges, place, this.record.mixture, this.names);
  }

  async choose(place) {
    if (place < 0 || place >= this.rows.length || place === this.place) return;
    this.place = place;
    this.rows.forEach((row, i) => { row.classList.toggle("chosen", i === place); row.setAttribute("aria-selected", i === place); });
    this.rows[place].scrollIntoView({ block: "nearest" });
    this.glance(place);
    const crystal = await this.crystal(place);
    if (this.place !== place) return;
    const { label, id } = this.record.crystals[place];
    this.details.replaceChildren(
      make("h3", {}, fromServer(label, "span"), make("span", { class: "pale" }, ` ${id} `),
        crystal.picture ? make("a", { class: "take", href: `/api/jobs/${this.key}/download/cif?place=${place}&${this.scan}`, download: `${id.replaceAll(/[^\w.+-]+/g, "_")}.cif` }, "CIF") : null),
      fromServer(crystal.html));
    for (const angle of $$(".angle", this.details)) {
      angle.setAttribute("role", "button");
      angle.tabIndex = 0;
      const go = () => this.pattern?.goTo(Number(angle.dataset.angle));
      angle.addEventListener("click", go);
      angle.addEventListener("keydown", (event) => { if (event.key === "Enter") go(); });
    }
    this.view?.show(crystal.picture);
    for (const next of [place + 1, place + 2, place + 3]) if (next < this.rows.length) this.crystal(next).catch(() => {});
  }

  keepMenu() {
    const link = (what, text) => make("a", { href: `/api/jobs/${this.key}/download/${what}?${this.scan}`, download: "" }, text);
    const refinable = this.record.pattern && ["search", "mixture"].includes(this.record.kind) && this.record.mood !== "none";
    return make("details", { class: "keep" }, make("summary", {}, "Keep"),
      make("div", { class: "menu" }, ...Object.entries(FORMS).filter(([what]) => this.record.kind !== "inference" || !["png", "svg"].includes(what)).map(([what, text]) => link(what, text)),
        ...(refinable ? [make("span", { class: "pale" }, "Refine with"), ...Object.entries(PROGRAMS).map(([what, text]) => link(what, text))] : [])));
  }
}
