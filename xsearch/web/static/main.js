// The page: the question on one side, its answer on the other, both in the address.

import { $, $$, make, call, post } from "./dom.js";
import * as address from "./address.js";
import { PeriodicTable } from "./elements.js";
import { Files } from "./files.js";
import { Job } from "./jobs.js";
import { Answer } from "./answer.js";
import { Other } from "./other.js";
import { Indexes } from "./indexes.js";
import { plotly } from "./plot.js";

const MODES = {
  find: "The phase of a pattern, of edges, or of both.",
  mixture: "The phases of a mixture with their weights, or the compounds of an edge.",
  unknown: "Hits, and crystals of no database inferred from the elements.",
  series: "A phase for each pattern of a series, as a map.",
  cell: "The cell from the lines of a pattern, without any index.",
  site: "Oxidation state, coordination and distances from an edge.",
};
const KINDS = { find: "query", mixture: "query", unknown: "infer", series: "series", cell: "cells", site: "predict" };

const form = $("#question");
let state = { indexes: [] };
let asOf = "";

const table = new PeriodicTable(() => changed());
let building = false;  // a build is followed to its end, unless a search is asked for
const files = new Files((dropped) => { changed(); if (dropped && files.ready && !building) search(); });
const answer = new Answer($("#result"));
const other = new Other($("#result"));
const job = new Job({ answer: show, over, scan: (key, record) => { $("#welcome")?.remove(); other.series(key).add(record); } });

const indexes = new Indexes(use, build);

const mode = () => $("input[name=do]:checked").value;

function question() {
  const options = table.options;
  for (const field of $$("#more [name]")) if (field.value.trim()) options[field.name] = field.value.trim();
  return { do: mode(), index: $("#index").value, options, files: files.question };
}

/** Something of the question was altered. */
function changed() {
  const now = question();
  if (now.index === state.indexes.find((index) => index.is_default)?.name) now.index = "";
  address.write(now);
  $("#mode-hint").textContent = MODES[mode()];
  const isNew = JSON.stringify(question()) !== asOf;
  $("#search").classList.toggle("new", isNew && files.ready);
  $("#ready").textContent = files.list.length && !files.ready ? "A file needs something." : "";
}

async function search() {
  building = false;
  const now = question();
  const { formula, solve, disorder, ...options } = now.options;
  if (now.do === "mixture") options.phases ||= "auto";
  if (now.do !== "mixture") { delete options.phases; delete options["particle-size"]; }
  if (now.do === "unknown") options.infer = "yes";
  if (now.do === "unknown" && solve) options.solve = solve;
  if (now.do === "unknown" && disorder) options.disorder = disorder;
  if (["site", "unknown"].includes(now.do) && formula) options.formula = formula;
  const version = state.indexes.find((index) => index.name === now.index)?.version;
  asOf = JSON.stringify(now);
  problem("");
  changed();
  try {
    await job.start({ kind: KINDS[now.do], index: now.index, version, options, files: sent(now.files), address: location.search });
  } catch (error) {
    problem(error.message);
  }
}

const sent = (chosen) => chosen.map(({ key, reading, kind }) => ({ key, kind, ...reading }));

function show(key, record) {
  $("#welcome")?.remove();
  if (record.html) answer.show(key, record);
  else { answer.rows = []; other.show(key, record); }
  if (record.kind !== "series") other.map = null;
}

function over(key, state_, body) {
  building = false;
  if (body.kind === "build") { problem(""); note(body.text); loadState(body.name).catch((error) => problem(error.message)); } else listEarlier();
  if (state_ === "failed") problem(body.text, body.traceback);
  if (state_ === "stopped") problem(`${body.text} Search again to go on.`);
}

function problem(text, traceback = "") {
  const box = $("#problem");
  box.hidden = !text;
  box.replaceChildren(text || "", ...(traceback ? [make("details", {}, make("summary", {}, "What happened"), make("pre", {}, traceback))] : []));
}

function note(text) { $("#ready").textContent = text; }

const AGO = [[86400, "day"], [3600, "hour"], [60, "minute"]];
const KIND_NAMES = { query: "search", infer: "unknown", series: "series", cells: "cell", predict: "site" };

/** When something began, in words. */
function ago(began) {
  const seconds = Date.now() / 1000 - began;
  const [unit, name] = AGO.find(([length]) => seconds >= length) || [];
  return unit ? new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(-Math.floor(seconds / unit), name) : "now";
}

function showEarlier(jobs) {
  $("#earlier").hidden = !jobs.length;
  $("#earlier ul").replaceChildren(...jobs.map((one) => make("li", {}, make("a", { href: one.address }, one.title), " ",
    make("span", { class: "pale" }, [KIND_NAMES[one.kind], one.state === "done" ? "" : one.state, ago(one.began)].filter(Boolean).join(", ")))));
}

async function listEarlier() {
  const { jobs } = await call("/api/state").catch(() => ({ jobs: [] }));
  if (jobs.length) showEarlier(jobs);
}

async function loadState(wanted = "") {
  state = await call("/api/state");
  const select = $("#index"), chosen = wanted || select.value || address.read().index || state.indexes.find((index) => index.is_default)?.name;
  select.replaceChildren(...state.indexes.map((index) => make("option", { value: index.name, disabled: Boolean(index.problem) }, `${index.name} (${index.materials.toLocaleString("en")})`)));
  if (chosen) select.value = chosen;
  indexes.show(state.indexes);
  showEarlier(state.jobs);
  if (!state.indexes.length) {
    problem("There is no index yet.");
    $("#problem").append(" ", make("button", { type: "button", class: "primary", onclick: () => build("starter", { what: "starter" }) }, "Build the starter index"));
  }
  return state;
}

async function use(name) {
  try {
    await post("/api/use", { name });
    await loadState(name);
    changed();
  } catch (error) {
    problem(error.message);
  }
}

async function build(name, options) {
  problem("");
  building = true;
  try {
    await files.read;
    await job.start({ kind: "build", index: name, version: String(Date.now()), options, files: options.what === "files" ? sent(question().files) : [] });
  } catch (error) {
    building = false;
    problem(error.message);
  }
}

function keys(event) {
  if (event.target.matches("input, select, textarea, canvas") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && job.running) job.stop();
  if (!answer.rows?.length) return;
  const steps = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };
  if (event.key in steps) {
    event.preventDefault();
    answer.choose(Math.max(0, answer.place + steps[event.key]));
  }
}

function themes() {
  const kept = localStorage.getItem("theme");
  if (kept) document.documentElement.dataset.theme = kept;
  $("#theme").addEventListener("click", () => {
    const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", document.documentElement.dataset.theme);
    answer.pattern?.draw();
    if (answer.place >= 0) answer.glance(answer.place);
    answer.view?.draw();
  });
}

async function begin() {
  themes();
  const wanted = address.read();
  const radio = $(`input[name=do][value="${CSS.escape(wanted.do)}"]`);
  if (radio) radio.checked = true;
  table.options = wanted.options;
  for (const field of $$("#more [name]")) if (wanted.options[field.name]) { field.value = wanted.options[field.name]; $("#more").open = true; }
  $("#mode-hint").textContent = MODES[mode()];
  form.addEventListener("submit", (event) => { event.preventDefault(); search(); });
  for (const field of $$("#more [name], input[name=do]")) field.addEventListener("change", () => changed());
  $("#index").addEventListener("change", (event) => use(event.target.value));
  $("#stop").addEventListener("click", () => job.stop().catch((error) => problem(error.message)));
  addEventListener("keydown", keys);
  const loaded = loadState().then(({ systems }) => {
    const select = $("[name=system]");
    select.append(...systems.map((system) => make("option", { value: system }, system)));
    select.value = wanted.options.system || "";
  });
  try {
    await Promise.all([loaded, wanted.files.length ? files.restore(wanted.files) : null]);
  } catch (error) {
    problem(error.message);
    return;
  }
  if (wanted.files.length && files.ready) search();
  (window.requestIdleCallback || setTimeout)(() => plotly().catch(() => {}));
}

begin();
