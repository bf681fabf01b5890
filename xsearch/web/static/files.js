// The files that were dropped: what was read of each, and how it is to be read instead.

import { $, make, call } from "./dom.js";
import { READINGS } from "./address.js";
import { preview } from "./plot.js";

const FIELDS = {
  pattern: { wavelength: ["Wavelength", "CuKa, 0.7093, 17.48 keV"], axis: ["Axis", ["", "2theta", "2theta_rad", "theta", "q", "q_nm", "d", "d_nm"]], columns: ["Columns", "2theta=1,intensity=2"] },
  edge: { absorber: ["Absorber", "Fe"], edge: ["Edge", "K"], e0: ["E0 (eV)", "7112"], columns: ["Columns", "energy=1,i0=2,it=3"], pre: ["Pre-edge", "-150:-30"], post: ["Post-edge", "50:600"] },
};

export class Files {
  /** `changed` is called when files or how they are read were altered. */
  constructor(changed) {
    this.changed = changed;
    this.list = [];
    this.read = Promise.resolve();  // kept once all that was dropped is read
    const pick = $("#pick"), cover = $("#cover");
    pick.addEventListener("change", () => { this.take([...pick.files]); pick.value = ""; });
    let depth = 0;
    addEventListener("dragenter", (event) => { event.preventDefault(); depth += 1; cover.hidden = false; });
    addEventListener("dragleave", () => { depth -= 1; if (depth <= 0) { depth = 0; cover.hidden = true; } });
    addEventListener("dragover", (event) => event.preventDefault());
    addEventListener("drop", (event) => {
      event.preventDefault();
      depth = 0;
      cover.hidden = true;
      this.take([...event.dataTransfer.files]);
    });
  }

  take(files) { this.read = Promise.all([this.read, this.drop(files)]); }

  async drop(files) {
    for (const file of files) {
      const entry = { name: file.name, reading: {}, busy: true };
      this.list.push(entry);
      this.show();
      try {
        Object.assign(entry, await call(`/api/files?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file }));
      } catch (error) {
        entry.error = error.message;
      }
      entry.busy = false;
      const twice = this.list.findIndex((other) => other !== entry && other.key && other.key === entry.key);
      if (twice >= 0) this.list.splice(twice, 1);
      this.show();
    }
    this.changed(true);
  }

  /** Files of an address, where the server still has them. */
  async restore(files) {
    this.list = files.map((file) => ({ ...file, busy: true }));
    this.show();
    await Promise.all(this.list.map((entry) => this.readAgain(entry)));
  }

  async readAgain(entry) {
    const params = new URLSearchParams(Object.entries(entry.reading).filter(([, value]) => value));
    delete entry.error;
    try {
      Object.assign(entry, await call(`/api/files/${entry.key}?${params}`));
    } catch (error) {
      entry.error = error.message;
    }
    entry.busy = false;
    this.show();
  }

  remove(entry) {
    this.list = this.list.filter((other) => other !== entry);
    this.show();
    this.changed(false);
  }

  kind(entry) { return entry.spectra?.[0]?.kind || (entry.reading.absorber ? "edge" : "pattern"); }

  /** Whether everything can be searched for as it is. */
  get ready() { return this.list.length > 0 && this.list.every((entry) => entry.key && !entry.error && !entry.busy && !entry.problems?.length); }

  get question() {
    return this.list.filter((entry) => entry.key).map((entry) => ({ key: entry.key, name: entry.name, reading: entry.reading, kind: this.kind(entry) }));
  }

  show() {
    $("#files").replaceChildren(...this.list.map((entry) => this.card(entry)));
  }

  card(entry) {
    const kind = this.kind(entry), first = entry.spectra?.[0];
    const what = entry.busy ? "reading …" : entry.error ? "" : kind === "edge" ? `${first.absorber} ${first.edge} edge`
      : kind === "crystal" ? "known phase" : entry.count > 1 ? `series of ${entry.count} patterns` : first.wavelength_A ? `pattern, λ ${first.wavelength_A.toPrecision(5)} Å` : "pattern";
    const card = make("div", { class: "file", "data-kind": kind },
      make("div", { class: "file-head" }, make("b", { title: entry.name }, entry.name), make("span", { class: "pale" }, what),
        make("button", { type: "button", class: "quiet", "aria-label": `Take ${entry.name} away`, onclick: () => this.remove(entry) }, "×")));
    for (const problem of [entry.error, ...(entry.problems || [])]) if (problem) card.append(make("p", { class: "problem-line" }, problem));
    if (entry.busy) return card;
    const needs = Boolean(entry.error || entry.problems?.length);
    const details = make("details", { open: needs || entry.open || false, ontoggle: (event) => { entry.open = event.target.open; if (event.target.open) this.draw(entry, card); } },
      make("summary", {}, needs ? "Say how it is read" : "What was read, and correct it"));
    const plot = make("div", { class: "plot preview" });
    if (entry.preview && entry.preview.kind !== "crystal") details.append(plot);
    if (first) {
      const facts = Object.entries(first.facts).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]);
      details.append(make("dl", {}, ...facts), make("ul", { class: "notes" }, ...first.notes.map((note) => make("li", {}, note))));
    }
    if (entry.key && kind !== "crystal") details.append(this.corrections(entry, kind));
    card.append(details);
    if (details.open) this.draw(entry, card);
    return card;
  }

  draw(entry, card) {
    const plot = $(".preview", card);
    if (plot && entry.preview) preview(plot, entry.preview).catch(() => {});
  }

  corrections(entry, kind) {
    const choose = make("select", { "aria-label": "Kind", onchange: (event) => { entry.reading = event.target.value === "edge" ? { absorber: "", edge: "" } : {}; entry.spectra = null; entry.chosen = event.target.value; this.show(); } },
      make("option", { value: "pattern", selected: kind === "pattern" }, "powder pattern"), make("option", { value: "edge", selected: kind === "edge" }, "absorption edge"));
    const shown = entry.chosen || kind;
    choose.value = shown;
    const fields = Object.entries(FIELDS[shown]).map(([name, [label, hint]]) => {
      const field = Array.isArray(hint) ? make("select", { name }, ...hint.map((value) => make("option", { value }, value || "as the file says"))) : make("input", { name, placeholder: hint });
      field.value = entry.reading[name] || "";
      field.addEventListener("change", async () => {
        entry.reading = { ...entry.reading, [name]: field.value.trim() };
        entry.open = true;
        await this.readAgain(entry);
        this.changed(false);
      });
      field.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); field.blur(); } });
      return make("label", {}, `${label} `, field);
    });
    return make("div", { class: "fields" }, make("label", {}, "It is a ", choose), ...fields);
  }
}
