// What a Map's iterations came to: how many ended how, which errors there were, and each one, the failed ones first.

import { button, make, sign } from "./dom.js";
import { renew } from "./renew.js";
import { VirtualList } from "./virtual.js";
import { statusAt } from "./visits.js";
import { duration, plural, readCause } from "./words.js";

// In this order: what somebody looks for comes first.
const ORDER = ["failed", "caught", "aborted", "running", "succeeded", "waiting"];
const MOST_ERRORS = 8;
const MOST_ROWS = 9;

const overviews = new WeakMap();

/** Show a Map's iterations at a position. Filter and place in the list stay while the page is open. */
export function showIterations(map, { position, choose, definitions }) {
  if (!overviews.has(map)) overviews.set(map, new Iterations(map, definitions));
  return overviews.get(map).update(position, choose);
}

class Iterations {
  constructor(map, definitions) {
    Object.assign(this, { map, definitions, rows: [], wanted: "", text: "" });
    this.heading = make("h3", {});
    this.share = make("div", { class: "share", "aria-hidden": "true" });
    this.chips = make("div", { class: "chips", role: "group", "aria-label": "Iterations by how they went" });
    this.errors = make("div", { class: "chips", role: "group", "aria-label": "Errors of iterations" });
    this.field = make("input", { type: "search", class: "filter", placeholder: "Number or error", "aria-label": "Find iterations by number or error",
      oninput: () => this.filter({ text: this.field.value }) });
    this.list = new VirtualList({ label: `Iterations of ${map.name}`, className: "iterations", choose: (place) => this.go(this.rows[place]), draw: (place) => this.drawRow(this.rows[place]) });
    this.element = make("div", { class: "block iterations-box", "data-key": "iterations" },
      make("div", { class: "block-head" }, this.heading, this.field), this.share, this.chips, this.errors, this.list.element);
  }

  update(position, choose) {
    Object.assign(this, { position, choose });
    const all = [...this.map.iterations.values()].map((iteration) => ({ iteration, status: outcome(iteration, position) }));
    const begun = all.filter(({ status }) => status !== null);
    const length = Math.max(this.map.length ?? 0, begun.length);
    const count = (status) => (status === "waiting" ? length - begun.length : begun.filter((row) => row.status === status).length);
    this.counts = ORDER.map((status) => [status, count(status)]);
    this.begun = begun.sort((a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status) || a.iteration.index - b.iteration.index);
    this.heading.textContent = plural(length, "iteration");
    this.draw();
    return this.element;
  }

  filter(change) {
    Object.assign(this, change);
    this.field.value = this.text;
    this.draw();
  }

  draw() {
    renew(this.share, this.counts.filter(([, count]) => count).map(([status, count]) => make("div", { class: status, style: { "flex-grow": count }, "data-key": status })));
    renew(this.chips, this.chip("", "all", this.begun.length), this.counts.filter(([, count]) => count).map(([status, count]) => this.chip(status, status === "waiting" ? "not begun" : status, count)));
    const errors = new Map();
    for (const { iteration, status } of this.begun) {
      const { error } = this.problem(iteration, status);
      if (error) errors.set(error, (errors.get(error) || 0) + 1);
    }
    const most = [...errors].sort((a, b) => b[1] - a[1]).slice(0, MOST_ERRORS);
    renew(this.errors, most.map(([error, count]) => button(`${error} ${count.toLocaleString("en")}×`, () => this.filter({ text: this.text === error ? "" : error }), { class: "chip", "aria-pressed": String(this.text === error), "data-key": error })));
    const text = this.text.trim().toLowerCase();
    this.rows = this.begun.filter((row) => (!this.wanted || row.status === this.wanted) && (!text || this.has(row, text)));
    this.list.element.style.height = `calc(${Math.min(MOST_ROWS, Math.max(1, this.rows.length))} * var(--row) + 2px)`;
    this.list.set(this.rows.length);
  }

  chip(status, word, count) {
    return button([status ? sign(status) : null, `${word} ${count.toLocaleString("en")}`], () => this.filter({ wanted: status }),
      { class: "chip", "aria-pressed": String(this.wanted === status), disabled: status === "waiting", "data-key": word });
  }

  has({ iteration, status }, text) {
    if (/^#?\d+$/.test(text)) return String(iteration.index) === text.replace("#", "");
    const { error, message } = this.problem(iteration, status);
    return `${error} ${message}`.toLowerCase().includes(text);
  }

  // A Fail state's error stands in its definition; no event of an iteration names it.
  problem({ last, caught }, status) {
    const visit = status === "failed" ? last && deepest(last) : status === "caught" ? caught : null;
    if (!visit) return { error: "", message: "" };
    const { Error: error, Cause: cause } = visit.kind === "Fail" ? this.definitions[visit.name] || {} : {};
    return { error: visit.error ?? error ?? "", message: visit.error === null ? cause || "" : readCause(visit.cause).message };
  }

  drawRow({ iteration, status }) {
    const { first, last } = iteration;
    const { error, message } = this.problem(iteration, status);
    const end = last && last.end !== null ? last.end : null;
    return make("div", { class: "iteration" }, sign(status, status), make("span", { class: "number" }, `#${iteration.index}`),
      make("span", { class: "cut" }, last ? last.name : ""), make("span", { class: "cut problem-text", title: message || null }, [error, message.split("\n")[0]].filter(Boolean).join(": ")),
      make("span", { class: "took" }, first && end !== null ? duration(end - first.start) : ""));
  }

  go({ iteration, status }) {
    const visit = { succeeded: iteration.first, caught: iteration.caught }[status] || iteration.last;
    if (visit) this.choose(visit);
  }
}

// An iteration that went on after an error is told from one that had none.
function outcome(iteration, position) {
  const status = statusAt(iteration, position);
  return status === "succeeded" && iteration.caught ? "caught" : status;
}

// Where an iteration failed: in a Map or Parallel inside it, the state there.
function deepest(visit) {
  const inside = visit.children.filter((child) => child.status === "failed").at(-1);
  return inside ? deepest(inside) : visit;
}
