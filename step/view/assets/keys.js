// The keyboard: one table of keys, which ? shows.

import { announcements, button, make, openDialog } from "./dom.js";

export const EXECUTION_KEYS = [
  ["← →", "one event back, one on (with Shift: ten)"], ["Home End", "the first event, the last one"], ["p n", "the previous state entered, the next one"],
  ["f F", "the next failure, the previous one"], ["Space", "play the history"], ["c", "copy a link to this event and state"], ["1 2 3 4", "State, Timeline, Events, Execution"],
  ["↑ ↓", "in a list: the line before, the line after (with PgUp PgDn: a page)"], ["← ↑ ↓ →", "in the picture: the state beside, above, below; Enter shows it"], ["/", "filter the events"], ["+ − 0", "picture larger, smaller, as it fits"],
];
const EVERYWHERE = [["t", "light, dark, or as the system has it"], ["?", "these keys"], ["Esc", "close a dialog"]];
const THEMES = ["", "light", "dark"];

/** Listen to the keyboard: `press(key)` is asked first and says whether it took the key. */
export function listen(press, keys) {
  restoreTheme();
  announcements();
  document.addEventListener("keydown", (key) => {
    if (key.defaultPrevented || key.ctrlKey || key.metaKey || key.altKey || document.querySelector("dialog[open]")) return;
    const { tagName, type } = key.target;
    const isText = (tagName === "INPUT" && !["range", "checkbox"].includes(type)) || tagName === "TEXTAREA" || tagName === "SELECT";
    if (isText) {
      if (key.key === "Escape") key.target.blur();
      return;
    }
    if (key.key === " " && /^(BUTTON|A|SUMMARY|INPUT)$/.test(tagName)) return;
    if (key.key === "?") showKeys(keys);
    else if (key.key === "t") nextTheme();
    else if (!press(key)) return;
    key.preventDefault();
  });
}

function showKeys(keys) {
  openDialog("Keys", make("table", { class: "keys" }, make("tbody", {}, ...[...keys, ...EVERYWHERE].map(([names, what]) =>
    make("tr", {}, make("th", { scope: "row" }, ...names.split(" ").flatMap((name) => [make("kbd", {}, name), " "])), make("td", {}, what))))));
}

function nextTheme() {
  const theme = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme || "") + 1) % THEMES.length];
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("step-theme", theme);
  } catch { /* a page from a file may have no storage */ }
}

/** The buttons that every page has. */
export const frameButtons = (keys) => [
  button("◐", nextTheme, { class: "quiet", "aria-label": "light or dark", title: "light or dark (t)" }),
  button("?", () => showKeys(keys), { class: "quiet", "aria-label": "keys", title: "keys (?)" }),
];

function restoreTheme() {
  try {
    document.documentElement.dataset.theme = localStorage.getItem("step-theme") || "";
  } catch { /* as above */ }
}
