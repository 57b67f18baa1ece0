// What the child executions of a distributed Map came to: how many ended how, each number a list of them.

import { make, sign } from "./dom.js";
import { renew } from "./renew.js";
import { plural } from "./words.js";

// The API's words for counts, the status that a list is filtered by, and how it is shown; bad ones first.
const KINDS = [
  ["failed", "FAILED", "failed"], ["timedOut", "TIMED_OUT", "failed"], ["aborted", "ABORTED", "aborted"], ["running", "RUNNING", "running"],
  ["succeeded", "SUCCEEDED", "succeeded"], ["pending", "", "waiting"],
];
const overviews = new WeakMap();

/** Show the children of a Map Run; `readRun(arn)` gives its counts, `linkTo` the addresses of lists. */
export function showChildren(map, { linkTo, readRun }) {
  if (!overviews.has(map)) overviews.set(map, new Children(map, linkTo, readRun));
  return overviews.get(map).update();
}

class Children {
  constructor(map, linkTo, readRun) {
    Object.assign(this, { map, linkTo, readRun, isAsking: false, isOver: false });
    this.element = make("div", { class: "block iterations-box", "data-key": "children" });
    this.draw({});
  }

  // Asked again whenever the page is drawn, as long as the Map runs.
  update() {
    if (!this.isAsking && !this.isOver) this.ask();
    return this.element;
  }

  async ask() {
    this.isAsking = true;
    const isOver = this.map.end !== null;
    const { counts } = await this.readRun(this.map.mapRun).catch(() => ({ counts: {} }));
    Object.assign(this, { isAsking: false, isOver });
    this.draw(counts);
  }

  draw(counts) {
    const found = KINDS.filter(([name]) => counts[name]);
    const total = found.reduce((sum, [name]) => sum + counts[name], 0);
    const list = (status) => this.linkTo("executions", { machine: this.map.mapRun, status });
    const word = (name) => name.replace("O", " o");
    renew(this.element, make("h3", {}, make("a", { href: list("") }, total ? plural(total, "child execution") : "Its child executions")),
      make("div", { class: "share", "aria-hidden": "true" }, found.map(([name, , shown]) => make("div", { class: shown, style: { "flex-grow": counts[name] } }))),
      make("div", { class: "chips" }, found.map(([name, status, shown]) => {
        const told = [sign(shown), `${word(name)} ${counts[name].toLocaleString("en")}`];
        return status ? make("a", { class: "button chip", href: list(status) }, told) : make("span", { class: "button chip" }, told);
      })));
  }
}
