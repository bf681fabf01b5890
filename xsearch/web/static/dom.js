// Small helpers for elements of the page and for requests to the server.

export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

/** An element with attributes, listeners (`onclick`) and children (text or elements). */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Markup that the server made: it escapes every name that comes from a file or an index. */
export function fromServer(html, tag = "div", attributes = {}) {
  const element = make(tag, attributes);
  element.innerHTML = html;
  return element;
}

/** A request; what the server refuses comes as an error with its one line. */
export async function call(address, options = {}) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch {
    throw new Error("The server does not answer; start it again with `xsearch serve`.");
  }
  const text = await answer.text();
  let body = {};
  try { body = JSON.parse(text); } catch { body = { error: text }; }
  if (!answer.ok) throw new Error(body.error || `The server answered ${answer.status}.`);
  return body;
}

export const post = (address, value) => call(address, {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(value),
});

/** The colours of the style sheet, for what is drawn. */
export function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { ink: of("--ink"), pale: of("--pale"), line: of("--line"), ground: of("--ground"), accent: of("--accent") };
}

const ON_LIGHT = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
const ON_DARK = ["#5cb8f0", "#ff8f3d", "#3fcf9f", "#f0a3cf", "#f2bd42", "#a8d8f5"];

/** The colour of a crystal by its place: Okabe and Ito's palette, distinguishable for colour-blind readers too. */
export function colourOf(place) {
  const chosen = document.documentElement.dataset.theme;
  const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const palette = dark ? ON_DARK : ON_LIGHT;
  return palette[place % palette.length];
}
