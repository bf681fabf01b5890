// Answers without hits: indexed cells, what an edge says of a site, the map of a series.

import { make, fromServer } from "./dom.js";

export class Other {
  constructor(container) { this.container = container; }

  leave() {}

  show(key, record) {
    this.container.replaceChildren(fromServer(record.page || ""));
  }
}
