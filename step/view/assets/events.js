// The table of events: every one, or those that a filter leaves, and what the current one says.

import { button, copy, make } from "./dom.js";
import { json } from "./json.js";
import { renew } from "./renew.js";
import { VirtualList } from "./virtual.js";
import { detailsOf, duration, exactClock, pretty, timeOf, utc } from "./words.js";

const KINDS = {
  "all events": () => true,
  "states entered and left": (event) => /State(Entered|Exited)$/.test(event.type),
  "tasks": (event) => /^(Task(?!State)|LambdaFunction|Activity)/.test(event.type),
  "failures": (event) => /(Failed|TimedOut|Aborted)$/.test(event.type),
  "Maps and Parallels": (event) => /^(Map|Parallel)/.test(event.type),
};
const ERROR = /(Failed|TimedOut)$/;

/** Make the table; `move(position)` hears which event was chosen. */
export function makeEvents(move) {
  let events = [];
  let rows = [];
  let filtered = { text: null, kind: null, count: -1 };
  const texts = new WeakMap();
  const search = make("input", { type: "search", class: "filter", placeholder: "Filter: a type, a state, any text", "aria-label": "Filter events", "aria-keyshortcuts": "/" });
  const kinds = make("select", { "aria-label": "Kind of event" }, Object.keys(KINDS).map((kind) => make("option", {}, kind)));
  const count = make("span", { class: "soft count", role: "status" });
  const list = new VirtualList({ label: "Events", className: "events", choose: (index) => move(rows[index]), draw: (index) => drawRow(rows[index]) });
  const said = make("div", { class: "event-said" });
  const element = make("div", { class: "events-box" }, make("div", { class: "tools" }, search, kinds, count),
    make("div", { class: "events-head", "aria-hidden": "true" }, ...["id", "at", "type", "of"].map((name) => make("span", {}, name))), list.element, said);
  let position = 0;
  search.addEventListener("input", () => update(events, position));
  kinds.addEventListener("input", () => update(events, position));

  function textOf(event) {
    if (!texts.has(event)) texts.set(event, `${event.id} ${event.type} ${JSON.stringify(detailsOf(event))}`.toLowerCase());
    return texts.get(event);
  }
  function select() {
    const text = search.value.trim().toLowerCase();
    if (filtered.text === text && filtered.kind === kinds.value && filtered.count === events.length) return;
    filtered = { text, kind: kinds.value, count: events.length };
    const fits = KINDS[kinds.value];
    rows = [];
    for (const [place, event] of events.entries()) if (fits(event) && (!text || textOf(event).includes(text))) rows.push(place);
    count.textContent = rows.length === events.length ? "" : `${rows.length.toLocaleString("en")} of ${events.length.toLocaleString("en")}`;
  }
  function drawRow(place) {
    const event = events[place];
    const details = detailsOf(event);
    const of = details.name !== undefined && details.index !== undefined ? `${details.name} #${details.index}` : details.name || details.error || (details.resource || "").split(":").slice(-1)[0];
    return make("div", { class: `event${place > position ? " is-later" : ""}${ERROR.test(event.type) ? " is-error" : ""}` },
      make("span", { class: "number" }, String(event.id)), make("span", { class: "number" }, `+${duration(timeOf(event) - timeOf(events[0]))}`),
      make("span", {}, event.type), make("span", { class: "of", title: of }, of));
  }
  function update(all, at) {
    events = all;
    position = at;
    select();
    list.set(rows.length, rows.indexOf(position));
    const event = events[position];
    if (!event) return;
    renew(said, make("div", { class: "block-head" }, make("h2", {}, `${event.id} ${event.type}`),
      make("span", { class: "soft", title: utc(event.timestamp) }, `${exactClock(event.timestamp)} · after ${event.previousEventId || "none"}`),
      button("copy", () => copy(JSON.stringify(event, null, 2)), { class: "quiet" })), json(detailsText(detailsOf(event)), "What the event says"));
  }
  return { element, update, focus: () => search.focus() };
}

// Details as one JSON text: inputs and outputs, which are texts of JSON, stand in it as what they are. What
// "truncated: false" says beside every value is noise here.
function detailsText(details) {
  const parts = [];
  for (const [name, value] of Object.entries(details)) {
    if (/Details$/.test(name) && value && value.truncated === false) continue;
    parts.push(`${JSON.stringify(name)}:${isJson(value) ? value : JSON.stringify(value)}`);
  }
  return parts.length ? pretty(`{${parts.join(",")}}`) : "no details";
}

function isJson(value) {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return false;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}
