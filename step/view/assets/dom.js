// Elements, marks and dialogs. What comes from an execution becomes text and attributes here, never markup.

const SVG = "http://www.w3.org/2000/svg";
const GLYPHS = {
  succeeded: ["M0-8A8 8 0 1 1 0 8A8 8 0 1 1 0-8Z", "M-3.5 .5L-1 3L3.5-2.5"],
  failed: ["M-3.4-8H3.4L8-3.4V3.4L3.4 8H-3.4L-8 3.4V-3.4Z", "M-3-3L3 3M3-3L-3 3"],
  caught: ["M0-8.5L9 7.5H-9Z", "M0-3V1.5M0 4.4V4.5"],
  running: ["M0-8A8 8 0 1 1 0 8A8 8 0 1 1 0-8Z", "M-3.6 0H-3.5M0 0H.1M3.6 0H3.7"],
  aborted: ["M-7-7H7V7H-7Z", "M-3.5 0H3.5"],
  waiting: ["M0-7A7 7 0 1 1 0 7A7 7 0 1 1 0-7Z", ""],
};
// AWS's words for an execution, and the mark that each has.
const MARKS = {
  RUNNING: "running", SUCCEEDED: "succeeded", FAILED: "failed", TIMED_OUT: "failed", ABORTED: "aborted",
  PENDING_REDRIVE: "waiting",
};

/** Make an element. `on...` are handlers, `style` an object of CSS properties; null and false leave out. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element[name] = value;
    else if (name === "style") for (const [key, to] of Object.entries(value)) element.style.setProperty(key, to);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function makeSvg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Draw how something went: every outcome has a shape and a glyph of its own, beside its colour. */
export function glyph(status) {
  const [shape, stroke] = GLYPHS[status] || GLYPHS.waiting;
  const group = makeSvg("g", { class: `glyph ${status}` });
  group.append(makeSvg("path", { class: "glyph-shape", d: shape }), makeSvg("path", { class: "glyph-stroke", d: stroke }));
  return group;
}

export function sign(status, label = null) {
  const picture = makeSvg("svg", { class: "sign", viewBox: "-10 -10 20 20", ...(label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" }) });
  picture.append(glyph(status));
  return picture;
}

export const markOf = (status) => MARKS[status] || "waiting";

/** A mark with its word, for a state's outcome or an execution's status. */
export const badge = (status, word = status) =>
  make("span", { class: `badge ${status}` }, sign(status), make("span", {}, word));
export const statusBadge = (status) => badge(markOf(status), String(status).toLowerCase().replaceAll("_", " "));

export const button = (text, onclick, attributes = {}) => make("button", { type: "button", onclick, ...attributes }, text);

/** Tell what happened, to the eye and to a screen reader. */
export function announce(text) {
  const region = announcements();
  region.textContent = text;
  region.classList.add("is-shown");
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => region.classList.remove("is-shown"), 2500);
}

// Made before there is anything to tell: a screen reader hears what changes in it.
export function announcements() {
  const there = document.getElementById("announcement");
  if (there) return there;
  const region = make("div", { id: "announcement", role: "status" });
  document.body.append(region);
  return region;
}

export async function copy(text, told = "Copied") {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // A page from a file may have no clipboard: the old way takes a selection.
    const area = make("textarea", { class: "away", "aria-hidden": "true" });
    area.value = text;
    (document.querySelector("dialog[open]") || document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  announce(told);
}

export function download(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** Open a dialog; it closes with Escape, and gives the focus back. */
export function openDialog(title, ...content) {
  const close = () => dialog.close();
  const dialog = make("dialog", { "aria-labelledby": "dialog-title", onclose: () => dialog.remove() },
    make("header", { class: "dialog-head" }, make("h2", { id: "dialog-title" }, title), button("×", close, { "aria-label": "close", class: "quiet" })),
    ...content.filter(Boolean));
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
