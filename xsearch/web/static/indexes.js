// Which indexes there are, and a form to build one.

import { $, $$, make } from "./dom.js";

const HINTS = {
  starter: "No network is needed; half a minute.",
  mp: "A key is free at materialsproject.org/api. Stopped, the same build goes on where it stood; later it brings only what changed.",
  files: "They are added to an index that is there. A spectrum's compound is taken from its file's name, such as Fe2O3_hematite.xdi.",
};
const NAMES = { starter: "starter", mp: "mp" };

export class Indexes {
  /** `use` makes an index the one in use, `build` starts a build of it. */
  constructor(use, build) {
    this.use = use;
    this.dialog = $("#indexes");
    const field = (name) => $(`[name=${name}]`, this.dialog);
    const what = field("what");
    const fit = () => {
      for (const one of $$("[data-of]", this.dialog)) one.hidden = one.dataset.of !== what.value;
      field("name").value = NAMES[what.value] || $("#index").value;
      $("#build-hint").textContent = HINTS[what.value];
    };
    what.addEventListener("change", fit);
    $("#indexes-open").addEventListener("click", () => { fit(); this.dialog.showModal(); });
    $("#build").addEventListener("click", () => {
      if (!field("name").reportValidity()) return;
      const options = {};
      for (const one of $$("[name]", this.dialog)) if (one.name !== "name" && !one.closest("[hidden]") && one.value.trim()) options[one.name] = one.value.trim();
      field("key").value = "";
      this.dialog.close();
      build(field("name").value, options);
    });
  }

  show(indexes) {
    $("tbody", this.dialog).replaceChildren(...indexes.map((one) => make("tr", {},
      make("td", {}, one.name), make("td", {}, one.problem || one.materials.toLocaleString("en")), make("td", {}, (one.made || "").slice(0, 10)),
      make("td", {}, one.is_default ? "in use" : make("button", { class: "quiet", disabled: Boolean(one.problem), onclick: () => this.use(one.name) }, "use")))));
  }
}
