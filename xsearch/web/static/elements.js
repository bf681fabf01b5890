// The periodic table: a brush says what a click on an element means.

import { $, $$, make } from "./dom.js";
import { ELEMENTS } from "./address.js";

const ROWS = [
  "H . . . . . . . . . . . . . . . . He",
  "Li Be . . . . . . . . . . B C N O F Ne",
  "Na Mg . . . . . . . . . . Al Si P S Cl Ar",
  "K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr",
  "Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe",
  "Cs Ba La Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn",
  "Fr Ra Ac . . . . . . . . . . . . . . .",
  ". . . Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu .",
  ". . . Th Pa U Np Pu Am Cm Bk Cf . . . . . .",
].map((row) => row.split(" "));

const HINTS = {
  only: "These elements and no others.",
  must: "All of these, and perhaps others.",
  any: "At least one of these.",
  may: "Beside those of must and any, these and no others.",
  not: "None of these.",
  exactly: "All of these and no others.",
};

/** Keeps the state of each element, and tells `changed` when the user alters it. */
export class PeriodicTable {
  constructor(changed) {
    this.state = {};
    this.changed = changed;
    this.cells = {};
    const table = $("#table");
    ROWS.forEach((row, y) => {
      const line = make("div", { role: "row" });
      row.forEach((symbol, x) => {
        if (symbol === ".") { line.append(make("span", { role: "presentation" })); return; }
        const cell = make("button", {
          type: "button", role: "gridcell", "data-element": symbol, tabindex: symbol === "H" ? "0" : "-1",
          class: y > 6 ? "inner" : null, onclick: () => this.toggle(symbol),
          onkeydown: (event) => this.move(event, x, y),
        }, symbol);
        this.cells[symbol] = cell;
        line.append(cell);
      });
      table.append(line);
    });
    for (const brush of $$("input[name=brush]")) brush.addEventListener("change", () => this.hint());
    $("#clear").addEventListener("click", () => { this.state = {}; this.show(); this.changed(); });
    this.hint();
  }

  get brush() { return $("input[name=brush]:checked").value; }

  hint() { $("#brush-hint").textContent = HINTS[this.brush]; }

  toggle(symbol) {
    if (this.state[symbol] === this.brush) delete this.state[symbol];
    else this.state[symbol] = this.brush;
    this.show();
    this.changed();
  }

  /** Arrow keys go to the next element in that direction. */
  move(event, x, y) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (!(event.key in steps)) return;
    event.preventDefault();
    event.stopPropagation();
    const [dx, dy] = steps[event.key];
    for (let i = x + dx, j = y + dy; ROWS[j] && ROWS[j][i]; i += dx, j += dy) {
      if (ROWS[j][i] !== ".") {
        this.cells[ROWS[y][x]].tabIndex = -1;
        const next = this.cells[ROWS[j][i]];
        next.tabIndex = 0;
        next.focus();
        return;
      }
    }
  }

  /** Options by name, such as `{only: "Ti,O"}`. */
  get options() {
    const found = {};
    for (const [symbol, word] of Object.entries(this.state)) (found[word] ||= []).push(symbol);
    return Object.fromEntries(Object.entries(found).map(([word, symbols]) => [word, symbols.join(",")]));
  }

  set options(options) {
    this.state = {};
    for (const word of ELEMENTS) {
      for (const symbol of (options[word] || "").split(/[\s,]+/)) if (this.cells[symbol]) this.state[symbol] = word;
    }
    this.show();
  }

  show() {
    for (const [symbol, cell] of Object.entries(this.cells)) {
      const word = this.state[symbol];
      if (word) cell.dataset.state = word; else delete cell.dataset.state;
      cell.setAttribute("aria-label", word ? `${symbol}, ${word}` : symbol);
      cell.setAttribute("aria-selected", word ? "true" : "false");
    }
    const said = Object.entries(this.options).map(([word, symbols]) => `${word === "any" ? "any of" : word} ${symbols.replaceAll(",", " ")}`);
    $("#chosen").textContent = said.join(" · ") || "Nothing is said about elements.";
    $("#clear").hidden = !said.length;
  }
}
