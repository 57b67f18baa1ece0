// JSON in colours, and blocks of it that fold.

import { button, copy, make } from "./dom.js";

// Larger texts stay plain: a hundred thousand elements would only slow the reader down.
const MOST_COLOURED = 40000;
const MOST_SHOWN = 400000;
const TOKENS = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)/g;

/** Show a text that is laid out already. */
export function json(text, label = null) {
  const element = make("pre", { tabindex: 0, "data-late": true, ...(label ? { "aria-label": label, role: "region" } : {}) });
  return Object.assign(element, { says: text, draw: () => colour(element, text) });
}

function colour(element, text) {
  if (text.length > MOST_COLOURED || !/^[\s]*[[{"\d\-tfn]/.test(text)) {
    element.append(text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}\n… ${(text.length - MOST_SHOWN).toLocaleString("en")} more characters: copy takes them all` : text);
    return;
  }
  let done = 0;
  for (const match of text.matchAll(TOKENS)) {
    if (match.index > done) element.append(text.slice(done, match.index));
    const kind = match[1] ? (match[2] ? "key" : "text") : match[3] ? "word" : "amount";
    element.append(make("span", { class: `json-${kind}` }, match[1] || match[0]));
    if (match[2]) element.append(match[2]);
    done = match.index + match[0].length;
  }
  element.append(text.slice(done));
}

// Which blocks are folded is remembered by their titles while the page is open.
const folded = new Map();

/** A titled text that folds; nothing where there is no text. */
export function block(title, text, { isOpen = true, note = "" } = {}) {
  if (text === "" || text === null || text === undefined) return null;
  const key = title.replace(/\d+/g, "#");
  const details = make("details", { ontoggle: () => folded.set(key, details.open) },
    make("summary", {}, make("span", { class: "block-title" }, title), note ? make("span", { class: "soft", title: note }, note) : null), json(text, title));
  details.open = folded.get(key) ?? isOpen;
  return make("div", { class: "block foldable", "data-key": title }, details, button("copy", () => copy(text), { class: "quiet", "aria-label": `copy ${title}` }));
}
