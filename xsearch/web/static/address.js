// The question stands in the address, so that it can be bookmarked and sent. The names are those of the command line.

export const ELEMENTS = ["only", "must", "any", "may", "not", "exactly"];
export const READINGS = ["wavelength", "absorber", "edge", "columns", "axis", "e0", "pre", "post"];

/** The question as the address has it: what is to be done, the options, the index, files with how they are read. */
export function read() {
  const params = new URLSearchParams(location.search);
  const options = {};
  for (const [name, value] of params) if (!["do", "index", "file"].includes(name)) options[name] = value;
  const files = params.getAll("file").map((text) => {
    const [key, name, ...readings] = text.split("~");
    return { key, name: name || "", reading: Object.fromEntries(readings.map((one) => one.split("=")).filter((one) => READINGS.includes(one[0]))) };
  });
  return { do: params.get("do") || "find", index: params.get("index") || "", options, files };
}

export function write(question) {
  const params = new URLSearchParams();
  if (question.do !== "find") params.set("do", question.do);
  for (const [name, value] of Object.entries(question.options)) if (value) params.set(name, value);
  if (question.index) params.set("index", question.index);
  for (const file of question.files) {
    const readings = Object.entries(file.reading).filter(([, value]) => value).map(([name, value]) => `${name}=${value}`);
    params.append("file", [file.key, file.name, ...readings].join("~"));
  }
  const text = params.toString();
  history.replaceState(null, "", text ? `?${text}` : location.pathname);
}
