// The list of executions: filtered, searched, read on while somebody scrolls, and kept up to date.

import { openStart, save } from "./actions.js";
import { follow, link, read } from "./api.js";
import { button, make, statusBadge } from "./dom.js";
import { VirtualList } from "./virtual.js";
import { clock, duration, momentOf, plural, readCause, took, utc } from "./words.js";

const STATUSES = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"];
const COLUMNS = ["", "Name", "Status", "Machine", "Started", "Took", "Error"];
const PAGE = 100;
// So many of the newest are asked for again when something changes.
const MOST_AGAIN = 500;
const TYPING_MS = 250;
const TICK_MS = 1000;
const MOST_ASKED_AT_ONCE = 3;

const wordsOf = (status) => status.toLowerCase().replaceAll("_", " ");

class ExecutionList {
  constructor(frame, query) {
    Object.assign(this, { frame, rows: [], cursor: null, chosen: new Set(), current: null, epoch: 0, machines: [] });
    this.wanted = Object.fromEntries(["machine", "status", "search"].map((name) => [name, query.get(name) || ""]));
    this.errors = new Errors(() => this.list.refresh());
    this.search = make("input", { type: "search", value: this.wanted.search, placeholder: "Search names and inputs", "aria-label": "Search names and inputs", class: "filter", "aria-keyshortcuts": "/" });
    this.status = make("select", { "aria-label": "Status" }, make("option", { value: "" }, "any status"), STATUSES.map((one) => make("option", { value: one, selected: one === this.wanted.status }, wordsOf(one))));
    this.machine = make("select", { "aria-label": "Machine" }, make("option", { value: "" }, "all machines"));
    if (this.wanted.machine.includes(":mapRun:")) this.machine.append(make("option", { value: this.wanted.machine, selected: true }, "children of a Map Run"));
    this.compare = button("Compare", () => { location.href = link("compare", { a: [...this.chosen][0], b: [...this.chosen][1] }); }, { disabled: true, title: "choose two executions" });
    this.coverage = button("Coverage", () => save("coverage", { machine: this.wanted.machine }), { title: "save a page of what the newest executions took of the machine", hidden: true });
    this.further = button("Search further", () => this.extend(), { hidden: true });
    this.note = make("p", { class: "soft empty", role: "status" });
    const head = make("div", { role: "row", "aria-rowindex": 1, class: "execution-row" }, ...COLUMNS.map((name) => make("span", { role: "columnheader" }, name || make("span", { class: "away" }, "Compare"))));
    this.list = new VirtualList({ label: "Executions", className: "executions", head, draw: (place) => this.drawRow(this.rows[place]),
      choose: (place) => this.setCurrent(place), open: (place) => { location.href = link("execution", { arn: this.rows[place].arn }); },
      end: () => this.further.hidden && this.extend() });
    this.status.oninput = () => this.change("status", this.status.value);
    this.machine.oninput = () => this.change("machine", this.machine.value);
    this.search.oninput = () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.change("search", this.search.value.trim()), TYPING_MS);
    };
  }

  build() {
    const start = this.frame.canAct ? button("Start…", () => this.start(), { class: "primary", disabled: true }) : null;
    this.startButton = start;
    return make("div", { class: "page page-list" },
      make("div", { class: "page-head" }, make("h1", {}, "Executions"), this.search, this.machine, this.status, make("span", { class: "space" }), this.coverage, this.compare, start),
      this.list.element, make("div", { class: "more" }, this.note, this.further));
  }

  // ---------------------------------------------------------------- what is shown

  change(name, value) {
    this.wanted[name] = value;
    this.epoch += 1;
    Object.assign(this, { rows: [], cursor: null });
    history.replaceState(null, "", link("executions", this.wanted));
    this.load().catch((error) => this.frame.standing(false, error.message));
  }

  /** Read the newest anew; what was read behind them stays. */
  async load() {
    const { epoch } = this;
    const answer = await read("executions", { ...this.wanted, limit: Math.max(PAGE, Math.min(MOST_AGAIN, this.rows.length)) });
    if (epoch !== this.epoch) return;
    const newest = new Set(answer.executions.map((row) => row.arn));
    const oldest = answer.executions.at(-1)?.started;
    const rest = answer.cursor ? this.rows.filter((row) => !newest.has(row.arn) && row.started <= oldest) : [];
    this.rows = [...answer.executions, ...rest];
    if (!rest.length) this.cursor = answer.cursor;
    this.take(answer);
  }

  async extend() {
    const { epoch, cursor } = this;
    if (!cursor) return;
    this.cursor = null;
    try {
      const answer = await read("executions", { cursor, limit: PAGE });
      if (epoch !== this.epoch) return;
      const known = new Set(this.rows.map((row) => row.arn));
      for (const row of answer.executions) if (!known.has(row.arn)) this.rows.push(row);
      this.cursor = answer.cursor;
      this.take(answer);
    } catch (error) {
      // The service was started anew, or much was read meanwhile.
      this.rows.length = Math.min(this.rows.length, MOST_AGAIN);
      await this.load().catch(() => this.frame.standing(false, error.message));
    }
  }

  take(answer) {
    this.ahead = momentOf(answer.now) - Date.now();
    this.coverage.hidden = !this.wanted.machine || this.wanted.machine.includes(":mapRun:");
    this.further.hidden = !this.cursor || answer.all_inputs || !this.wanted.search;
    this.tell(answer);
    this.list.set(this.rows.length, this.rows.findIndex((row) => row.arn === this.current));
  }

  tell({ searched, all_inputs: isWhole }) {
    const { search, status, machine } = this.wanted;
    const nothing = this.cursor ? "" : search || status || machine ? "No execution fits." : "Nothing has run yet.";
    const count = this.rows.length ? `${this.cursor ? "the newest " : ""}${plural(this.rows.length, "execution")}` : nothing;
    const where = search && searched ? (this.cursor ? `looked for in the newest ${searched.toLocaleString("en")}` : `looked for in all ${searched.toLocaleString("en")}`) : "";
    const told = [count, where, search && !isWhole ? "of the later ones in their names only" : ""].filter(Boolean).join(", ");
    if (this.note.textContent !== told) this.note.textContent = told;
  }

  // ---------------------------------------------------------------- rows

  drawRow(row) {
    const cell = (attributes, ...children) => make("span", { role: "gridcell", ...attributes }, ...children);
    const isRunning = row.status === "RUNNING";
    const time = isRunning ? duration(Math.max(0, Date.now() + this.ahead - momentOf(row.started))) : row.stopped ? took(momentOf(row.stopped) - momentOf(row.started)) : "";
    const { error, cause } = this.errors.of(row);
    const { message } = readCause(cause);
    return make("div", { class: "execution-row" },
      cell({ class: "check" }, make("input", { type: "checkbox", tabindex: -1, "aria-label": `compare ${row.name}`, checked: this.chosen.has(row.arn), onchange: () => this.toggle(row) })),
      cell({ class: "cut name" }, make("a", { href: link("execution", { arn: row.arn }), class: "strong", tabindex: -1, title: row.name }, row.name)),
      cell({ class: "status" }, statusBadge(row.status), row.redrives ? make("span", { class: "soft", title: `redriven ${plural(row.redrives, "time")}` }, ` ↻${row.redrives}`) : null),
      cell({ class: "cut machine" }, make("a", { href: link("executions", { machine: row.machine_arn }), tabindex: -1 }, row.machine)),
      cell({ class: "soft started", title: utc(row.started) }, clock(row.started)),
      cell({ class: "soft time", title: isRunning ? "so far" : null }, time),
      cell({ class: "cut problem-text", title: message || null }, [error, message.split("\n")[0]].filter(Boolean).join(": ")));
  }

  setCurrent(place) {
    this.current = this.rows[place].arn;
    this.list.set(this.rows.length, place);
  }

  toggle(row) {
    if (!this.chosen.delete(row.arn)) this.chosen.add(row.arn);
    if (this.chosen.size > 2) this.chosen.delete([...this.chosen][0]);
    this.compare.disabled = this.chosen.size !== 2;
    this.list.refresh();
  }

  press(key) {
    const row = this.rows.find((one) => one.arn === this.current);
    if (key.key === "/") this.search.focus();
    else if (key.key === "x" && row) this.toggle(row);
    else return false;
    return true;
  }

  // ---------------------------------------------------------------- machines

  async readMachines() {
    ({ machines: this.machines } = await read("machines"));
    this.machine.append(...this.machines.map((one) => make("option", { value: one.arn, selected: one.arn === this.wanted.machine }, one.name)));
    if (this.startButton) this.startButton.disabled = !this.machines.length;
  }

  start() {
    const one = this.machines.find(({ arn }) => arn === this.wanted.machine);
    openStart(one ? [one] : this.machines);
  }
}

// Lists tell no errors: those of the rows in view are asked for, a few at once.
class Errors {
  constructor(changed) {
    Object.assign(this, { changed, known: new Map(), waiting: [], asked: 0 });
  }

  of(row) {
    const key = `${row.arn} ${row.stopped}`;
    if (!["FAILED", "TIMED_OUT", "ABORTED"].includes(row.status)) return {};
    if (!this.known.has(key)) {
      this.known.set(key, {});
      this.waiting.push([key, row.arn]);
      this.ask();
    }
    return this.known.get(key);
  }

  async ask() {
    if (this.asked >= MOST_ASKED_AT_ONCE || !this.waiting.length) return;
    // What came into view last is wanted first.
    const [key, arn] = this.waiting.pop();
    this.asked += 1;
    this.known.set(key, await read("error", { arn }).catch(() => ({})));
    this.asked -= 1;
    this.changed();
    this.ask();
  }
}

export function showExecutions(root, frame, query) {
  const page = new ExecutionList(frame, query);
  root.replaceChildren(page.build());
  page.readMachines().catch(() => {});
  follow({}, () => page.load(), frame.standing);
  setInterval(() => !document.hidden && page.rows.some((row) => row.status === "RUNNING") && page.list.refresh(), TICK_MS);
  return page;
}
