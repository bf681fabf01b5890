// A job: it is started, followed as it goes, and stopped.

import { $, post } from "./dom.js";

const STAGES = {
  begin: "starting", prepare: "background and lines", select: "conditions", recall: "recall", vectors: "nearest neighbours", match: "matching",
  rank: "ranking", symmetry: "symmetry", mixture: "phases of the mixture", propose: "proposing substitutions", screening: "screening",
  refinement: "refinement of cells", final_refinement: "Rietveld refinement", template_placement: "placing templates in indexed cells",
  indexing: "indexing", prediction: "prediction", symmetry_lowering: "lowering symmetry", ranking: "ranking candidates", xanes: "edges",
};

export class Job {
  constructor(tell) { this.tell = tell; this.source = null; }

  get running() { return this.source !== null; }

  async start(question) {
    this.leave();
    const { key } = await post("/api/jobs", question);
    this.follow(key);
    return key;
  }

  follow(key) {
    this.leave();  // another may have been started while this one was
    this.key = key;
    this.began = performance.now();
    this.answered = false;
    this.bar(true);
    this.stage("begin");
    const source = this.source = new EventSource(`/api/jobs/${key}/events`);
    const on = (name, act) => source.addEventListener(name, (event) => act(JSON.parse(event.data)));
    on("stage", ({ name }) => this.stage(name));
    on("items", ({ done, total }) => { const bar = $("#progress"); if (total) { bar.max = total; bar.value = done; } $("#stage").textContent = `${this.now}: ${done.toLocaleString()}${total ? ` of ${total.toLocaleString()}` : ""}`; });
    on("say", ({ text }) => { $("#stage").textContent = text; });
    on("answer", (record) => { this.answered = true; this.tell.answer(key, record); });
    on("scan", (record) => this.tell.scan(key, record));
    on("done", (body) => this.over("done", body));
    on("failed", (body) => this.over("failed", body));
    on("stopped", (body) => this.over("stopped", body));
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) this.over("failed", { text: "The connection to the server is lost." }); };
    this.clock = setInterval(() => { const seconds = (performance.now() - this.began) / 1000; $("#elapsed").textContent = seconds > 2 ? `${seconds.toFixed(0)} s` : ""; }, 500);
  }

  stage(name) {
    this.now = STAGES[name] || name.replaceAll("_", " ");
    $("#progress").removeAttribute("value");
    $("#stage").textContent = this.now;
  }

  over(state, body) {
    this.leave();
    this.tell.over(this.key, state, body);
  }

  leave() {
    this.source?.close();
    this.source = null;
    clearInterval(this.clock);
    this.bar(false);
  }

  async stop() { if (this.running) await post(`/api/jobs/${this.key}/stop`, {}); }

  bar(shown) {
    // what takes no time needs no bar
    clearTimeout(this.later);
    if (!shown) { $("#running").hidden = true; return; }
    this.later = setTimeout(() => { $("#running").hidden = false; }, 150);
  }
}
