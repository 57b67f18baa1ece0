// One execution: the graph, its states, a timeline and the events, at any moment of its history.
// It reads nothing but facts and the events of GetExecutionHistory: a file, the service and AWS give the same page.

import { announce, button, copy, download, make, openDialog, sign, statusBadge } from "./dom.js";
import { makeEvents } from "./events.js";
import { makeGraph, paint } from "./graph.js";
import { block } from "./json.js";
import { hearPlace, linkTo, readPlace, showPlace } from "./place.js";
import { makePlayer } from "./player.js";
import { renew } from "./renew.js";
import { describeVisit, failure } from "./state.js";
import { makeTimeline } from "./timeline.js";
import { ancestors, inScope, Visits } from "./visits.js";
import { clock, momentOf, plural, pretty, readCause, timeOf, took, utc } from "./words.js";

const TABS = ["State", "Timeline", "Events", "Execution"];
const TICK_MS = 1000;

export class ExecutionPage {
  /**
   * @param root where to show it
   * @param data its facts, `definition` (JSON), `graph` (SVG), `history` (events), `pytest` (text, or a function that fetches it),
   *   `now`, the moment up to which a running one is told
   * @param more `actions` and `tail`: buttons before and behind the page's own; `live`: what only a page of a service
   *   can do (see describeVisit), whose time goes on
   */
  constructor(root, data, { actions = [], tail = [], live = null }) {
    Object.assign(this, { root, data, actions, tail, live: live || {}, isLive: Boolean(live), events: [], position: -1, chosen: null, tab: "State" });
    this.visits = new Visits();
    this.definitions = statesOf(data.definition);
    this.wanted = readPlace();
    this.build();
    this.grow(data.history || [], data);
    hearPlace((place) => this.goTo(place));
    if (live) setInterval(() => this.tick(), TICK_MS);
  }

  // ---------------------------------------------------------------- data

  /** Take further events and newer facts; who looks at the end stays there. */
  grow(events, facts = {}) {
    const isAtEnd = this.position >= this.events.length - 1;
    for (const event of events) this.events.push(event);
    Object.assign(this.data, facts, { history: null });
    if (facts.now) this.ahead = momentOf(facts.now) - Date.now();
    this.visits.read(events);
    if (isAtEnd) this.position = this.events.length - 1;
    if (!this.chosen || (isAtEnd && this.isFollowing)) this.chosen = this.mostTelling();
    if (!this.goTo(this.wanted)) this.update();
  }

  get isFollowing() {
    return !this.hasChosen;
  }

  // The moment up to which a running execution is told: now; in a file, when that was made, or its last event's.
  now() {
    if (this.data.status === "RUNNING" && this.data.now) return this.isLive ? Date.now() + this.ahead : momentOf(this.data.now);
    return this.events.length ? timeOf(this.events.at(-1)) : null;
  }

  tick() {
    if (this.data.status !== "RUNNING" || document.hidden) return;
    this.updateHead();
    if (this.tab === "State") this.updatePanel();
  }

  // What failed; of several iterations that did, and of what a Map is about, the Map, which tells of them all.
  mostTelling() {
    const all = this.visits.all;
    const failed = all.filter((visit) => visit.status === "failed" && !visit.children.some((child) => child.status === "failed"));
    const found = failed.at(-1) || all.at(-1) || null;
    const isOneOfMany = (visit) => visit.kind === "Map" && (failed.length > 1 || (!failed.length && visit.iterations.size > 1));
    return (found && [...ancestors(found), found].find(isOneOfMany)) || found;
  }

  // ---------------------------------------------------------------- moving

  move(position) {
    this.position = Math.max(0, Math.min(this.events.length - 1, position));
    this.chosen = this.visits.owners[this.position] || this.chosen;
    // Who goes to the end wants to see what comes next.
    this.hasChosen = this.position < this.events.length - 1;
    this.update();
    this.showPlace();
  }

  /** Go to a place that an address told; false: there was none, or its events haven't come yet. */
  goTo({ event, state, tab }) {
    const at = (id) => this.events.findIndex((one) => one.id === id);
    const [position, from] = [at(event), at(state)];
    if ((event && position < 0) || (state && from < 0)) return false;
    this.wanted = {};
    const isTab = TABS.find((name) => name.toLowerCase() === tab);
    if (isTab) this.showTab(isTab);
    if (!event && !state) return false;
    if (event) this.move(position);
    this.hasChosen = true;
    const visit = this.visits.all.find((one) => one.from === from);
    if (visit) this.choose(visit);
    return true;
  }

  /** Where this is, for an address. */
  get place() {
    const isOwn = this.visits.owners[this.position] === this.chosen;
    return {
      event: this.events[this.position]?.id,
      state: isOwn || !this.chosen ? null : this.events[this.chosen.from].id,
      tab: this.tab === "State" ? null : this.tab.toLowerCase(),
    };
  }

  showPlace() {
    showPlace(this.hasChosen ? this.place : { tab: this.place.tab });
  }

  choose(visit) {
    if (!visit) return;
    this.chosen = visit;
    this.hasChosen = true;
    if (visit.from > this.position) this.position = visit.to ?? visit.from;
    this.update();
    this.showPlace();
  }

  chooseState(name) {
    const stays = this.visits.all.filter((visit) => visit.name === name);
    const near = stays.filter((visit) => inScope(visit, this.chosen) && visit.from <= this.position);
    const visit = near.at(-1) || stays.filter((one) => one.from <= this.position).at(-1) || stays[0];
    if (visit) this.choose(visit);
    else announce(`${name} was not entered`);
    this.showTab("State");
    this.reveal();
  }

  // On a narrow page the details lie below the picture: who asks for them is led there.
  reveal() {
    if (this.side.getBoundingClientRect().top > window.innerHeight / 2) this.side.scrollIntoView();
  }

  /** Go to the next (1) or previous (-1) failure. */
  moveToFailure(step) {
    const isFailure = (event) => /(Failed|TimedOut)$/.test(event.type);
    for (let at = this.position + step; at >= 0 && at < this.events.length; at += step)
      if (isFailure(this.events[at])) return this.move(at);
    announce(step > 0 ? "No failure after this" : "No failure before this");
    return undefined;
  }

  moveToState(step) {
    const entered = this.visits.all.map((visit) => visit.from);
    const next = step > 0 ? entered.find((from) => from > this.position) : entered.filter((from) => from < this.position).at(-1);
    if (next !== undefined) this.move(next);
  }

  // ---------------------------------------------------------------- the page

  build() {
    this.head = make("header", { class: "heading" });
    this.problem = make("div", { class: "problem" });
    this.buttons = make("div", { class: "actions" }, ...this.actions, this.data.pytest ? button("Copy as pytest", () => this.showPytest()) : null, ...this.tail);
    this.player = makePlayer((position) => this.move(position), () => this.position);
    this.graph = makeGraph(this.data.graph, (name) => this.chooseState(name), `The machine ${this.data.machine || ""}`);
    this.timeline = makeTimeline((visit) => this.choose(visit));
    this.table = makeEvents((position) => this.move(position));
    this.panels = Object.fromEntries(TABS.map((name) => [name, make("div", { class: `pane pane-${name.toLowerCase()}`, role: "tabpanel", id: `panel-${name}`, "aria-labelledby": `tab-${name}`, tabindex: -1 })]));
    this.panels.Timeline.append(this.timeline.element);
    this.panels.Events.append(this.table.element);
    this.side = make("section", { class: "side", "aria-label": "Details" }, this.buildTabs(), ...Object.values(this.panels));
    this.root.replaceChildren(this.head, this.problem, this.player.element, make("div", { class: "body" }, this.buildPicture(), this.side));
    this.showTab("State");
  }

  buildPicture() {
    const scroller = make("div", { class: "picture-scroll" }, this.graph.element);
    const zoom = (factor) => {
      const now = this.graph.element.getBoundingClientRect().width;
      this.graph.element.style.width = `${Math.max(120, Math.min(6000, now * factor))}px`;
      this.graph.element.style.maxWidth = "none";
    };
    const fit = () => { this.graph.element.style.width = this.graph.element.style.maxWidth = ""; };
    const keys = { "+": () => zoom(1.25), "-": () => zoom(0.8), 0: fit };
    this.zoom = (key) => keys[key]();
    return make("section", { class: "picture", "aria-label": "The machine" }, scroller, make("div", { class: "zoom", role: "group", "aria-label": "Size of the picture" },
      button("+", keys["+"], { "aria-label": "larger" }), button("−", keys["-"], { "aria-label": "smaller" }), button("fit", fit)));
  }

  buildTabs() {
    const press = (key) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key.key];
      if (!step) return;
      key.stopPropagation();
      key.preventDefault();
      const next = TABS[(TABS.indexOf(this.tab) + step + TABS.length) % TABS.length];
      this.showTab(next);
      this.tabs[next].focus();
    };
    this.tabs = Object.fromEntries(TABS.map((name, index) => [name, make("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}`, title: `key ${index + 1}`, onclick: () => this.showTab(name) }, name)]));
    return make("div", { class: "tabs" }, make("div", { role: "tablist", "aria-label": "Details", onkeydown: press }, ...Object.values(this.tabs)),
      button("Copy link", () => this.copyLink(), { class: "quiet", title: "the address of this event and state (key c)" }));
  }

  showTab(name) {
    this.tab = name;
    for (const [other, tab] of Object.entries(this.tabs)) {
      tab.setAttribute("aria-selected", String(other === name));
      tab.tabIndex = other === name ? 0 : -1;
      this.panels[other].hidden = other !== name;
    }
    if (!this.events.length) return;
    this.updatePanel();
    this.showPlace();
  }

  copyLink() {
    copy(linkTo(this.place), "Link copied");
  }

  update() {
    this.updateHead();
    this.player.update(this.events, this.position);
    paint(this.graph, this.visits.all, this.position, this.chosen);
    this.scrollToChosen();
    this.updatePanel();
  }

  // The picture goes along where the chosen state isn't in view.
  scrollToChosen() {
    const name = this.chosen?.name;
    if (name === this.scrolledTo) return;
    this.scrolledTo = name;
    const box = this.graph.boxes.find((one) => one.dataset.state === name)?.querySelector(".box").getBoundingClientRect();
    const frame = this.graph.element.parentNode.getBoundingClientRect();
    if (!box || (box.top >= frame.top && box.bottom <= frame.bottom - 50 && box.left >= frame.left && box.right <= frame.right)) return;
    const middle = (low, size, start, whole) => low + size / 2 - start - whole / 2;
    this.graph.element.parentNode.scrollBy(middle(box.left, box.width, frame.left, frame.width), middle(box.top, Math.min(box.height, frame.height), frame.top, frame.height));
  }

  updatePanel() {
    const { visits, events, position, chosen } = this;
    if (this.tab === "Timeline") this.timeline.update({ visits, events, position, chosen });
    else if (this.tab === "Events") this.table.update(events, position);
    else if (this.tab === "Execution") renew(this.panels.Execution, this.describeExecution());
    else renew(this.panels.State, describeVisit({ visit: chosen, visits, position, now: this.now(), definitions: this.definitions, live: this.live, choose: (visit) => this.choose(visit) }));
  }

  updateHead() {
    const { data, events } = this;
    const first = events.length ? timeOf(events[0]) : null;
    const isRunning = (data.status || "RUNNING") === "RUNNING";
    const end = isRunning ? this.now() : first === null ? null : timeOf(events.at(-1));
    const facts = first === null ? [] : [
      ["started", clock(first / 1000), utc(first / 1000)],
      isRunning ? ["so far", took(end - first), this.isLive ? "" : `up to ${clock(end / 1000)}`] : ["took", took(end - first), end === first ? "all its events bear one time: it never waited" : utc(end / 1000)],
    ];
    facts.push(["events", events.length.toLocaleString("en"), ""]);
    if (data.redrives) facts.push(["redriven", plural(data.redrives, "time"), ""]);
    const name = make("span", { class: "name" }, data.name || "");
    renew(this.head,
      make("div", { class: "head-title" }, make("h1", {}, data.machine || "execution", data.name ? [make("span", { class: "soft" }, " / "), name] : ""), statusBadge(data.status || "RUNNING")),
      make("dl", {}, ...facts.map(([term, value, title]) => make("div", { title: title || null, "data-key": term }, make("dt", {}, term), make("dd", {}, value)))),
      this.buttons);
    renew(this.problem, data.error || data.cause ? this.banner() : null);
  }

  // One line: what failed is told in full by its state.
  banner() {
    const { message } = readCause(this.data.cause);
    return make("button", { type: "button", class: "failure banner", title: "show the state that failed", onclick: () => this.showFailure() },
      sign("failed"), make("strong", {}, this.data.error || "an error without a name"), make("span", { class: "banner-text" }, message.split("\n")[0]));
  }

  showFailure() {
    this.move(this.events.length - 1);
    this.choose(this.mostTelling());
    this.showTab("State");
    this.reveal();
  }

  describeExecution() {
    const { data, events } = this;
    const start = events.find((event) => event.executionStartedEventDetails)?.executionStartedEventDetails || {};
    const end = events.at(-1)?.executionSucceededEventDetails || {};
    const arn = data.arn ? make("p", { class: "arn" }, make("code", {}, data.arn), button("copy", () => copy(data.arn), { class: "quiet" })) : null;
    const dates = make("dl", { class: "facts" }, ...[["started", data.started ?? events[0]?.timestamp], ["stopped", data.stopped]].filter(([, at]) => at).map(([term, at]) =>
      make("div", {}, make("dt", {}, term), make("dd", { title: utc(at) }, clock(at)))));
    return [arn, dates, ...failure(data.error ?? (data.cause ? "" : null), data.cause), block("Input", pretty(start.input ?? data.input)), block("Output", pretty(end.output ?? data.output)),
      block("Definition", data.definition ? pretty(JSON.stringify(data.definition)) : "", { isOpen: false })];
  }

  async showPytest() {
    const text = typeof this.data.pytest === "function" ? await this.data.pytest() : this.data.pytest;
    const file = `test_${(this.data.machine || "machine").replace(/\W+/g, "_").toLowerCase()}.py`;
    openDialog("This execution as a test", make("p", { class: "soft" }, "Every task gives what it gave here; the test asserts the path. No service is called."),
      make("pre", { tabindex: 0, class: "source" }, text),
      make("div", { class: "dialog-foot" }, button("Save", () => download(file, text, "text/x-python")), button("Copy", () => copy(text), { class: "primary", autofocus: true })));
  }

  /** React to a key; true where it means something. */
  press(key) {
    const wide = key.shiftKey ? 10 : 1;
    const keys = {
      ArrowLeft: () => this.move(this.position - wide), ArrowRight: () => this.move(this.position + wide),
      Home: () => this.move(0), End: () => this.move(this.events.length - 1),
      n: () => this.moveToState(1), p: () => this.moveToState(-1), f: () => this.moveToFailure(1), F: () => this.moveToFailure(-1),
      c: () => this.copyLink(), " ": () => this.player.toggle(), "/": () => { this.showTab("Events"); this.reveal(); this.table.focus(); },
      "+": () => this.zoom("+"), "-": () => this.zoom("-"), 0: () => this.zoom("0"),
    };
    TABS.forEach((name, index) => { keys[index + 1] = () => { this.showTab(name); this.reveal(); }; });
    if (!(key.key in keys)) return false;
    keys[key.key]();
    return true;
  }
}

function statesOf(definition) {
  const found = {};
  const read = (branch) => {
    for (const [name, state] of Object.entries(branch?.States || {})) {
      found[name] = state;
      [state.ItemProcessor || state.Iterator, ...(state.Branches || [])].filter(Boolean).forEach(read);
    }
  };
  read(definition);
  return found;
}
