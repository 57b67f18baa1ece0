// Visits: the events of a history gathered by the state that caused them, as step.view.visits does it in Python,
// and with what each stay took in, gave out and tried. A history that still grows is read on.

import { detailsOf, timeOf } from "./words.js";

const ENDS = { ExecutionSucceeded: "SUCCEEDED", ExecutionFailed: "FAILED", ExecutionTimedOut: "TIMED_OUT", ExecutionAborted: "ABORTED" };
const ITERATIONS = { MapIterationStarted: "running", MapIterationSucceeded: "succeeded", MapIterationFailed: "failed", MapIterationAborted: "aborted" };
const ATTEMPTS = /^(TaskScheduled|LambdaFunctionScheduled|ActivityScheduled|MapStateStarted|ParallelStateStarted)$/;

/** Gather the visits of a whole history. */
export const gatherVisits = (events) => new Visits().read(events);

/** How a visit, or an iteration, looked when the event at a position was the last one; null: it hadn't begun. */
export function statusAt({ changes }, position) {
  let found = null;
  for (const [from, status] of changes) {
    if (from > position) break;
    found = status;
  }
  return found;
}

/** The visits that hold this one, outermost first. */
export function ancestors(visit) {
  const found = [];
  for (let at = visit.parent; at; at = at.parent) found.unshift(at);
  return found;
}

/** Whether a visit belongs to the iterations in which the chosen one lies. */
export function inScope(visit, chosen) {
  for (let at = visit; at.parent; at = at.parent) {
    if (at.index === null) continue;
    for (let other = chosen; other && other.parent; other = other.parent)
      if (other.parent === at.parent && other.index !== at.index) return false;
  }
  return true;
}

/** A visit and those inside it, in the order of iterations. */
export function* walk(visits) {
  for (const visit of visits) {
    yield visit;
    const inside = visit.children;
    yield* walk(visit.kind === "Map" ? [...inside].sort((a, b) => (a.index ?? 0) - (b.index ?? 0) || a.from - b.from) : inside);
  }
}

const climb = (visit, fits) => {
  let at = visit;
  while (at && !fits(at)) at = at.parent;
  return at || null;
};
const isOpen = (visit) => visit.to === null;

/**
 * The visits of the events read so far: `all` in the order of entering, `roots` those outside of any Map or Parallel,
 * `owners` the visit that each event belongs to.
 */
export class Visits {
  constructor() {
    this.all = [];
    this.roots = [];
    this.owners = [];
    this.status = "RUNNING";
    this.error = this.cause = null;
    this.owner = new Map();
    this.kinds = new Map();
    this.indexes = new Map();
    this.failing = new Set();
    this.redriven = new Set(); // what a redrive goes on with, and nothing has happened to since
  }

  /** Read further events. */
  read(events) {
    for (const event of events) this.take(event, this.owners.length);
    return this;
  }

  take(event, position) {
    const kind = event.type;
    const at = { position, time: timeOf(event) };
    const details = detailsOf(event);
    let visit = this.owner.get(event.previousEventId) || null;
    let index = this.indexes.get(event.previousEventId) ?? null;
    if (kind in ENDS) {
      this.end(kind, details, at);
    } else if (kind.endsWith("StateEntered")) {
      visit = this.enter(kind, details, event.previousEventId, at);
      index = visit.index;
    } else if (kind.endsWith("StateExited")) {
      visit = this.exit(details, visit, at);
      index = visit ? visit.index : null;
    } else if (kind.startsWith("MapIteration")) {
      visit = climb(visit, (v) => v.name === details.name && isOpen(v)) || climb(visit, (v) => v.kind === "Map");
      index = details.index ?? null;
      if (visit) this.iterate(visit, kind, index, at);
    } else if (kind === "ExecutionRedriven") {
      this.redrive(at);
    } else {
      visit = this.progress(kind, details, visit, at);
    }
    this.owners.push(visit);
    this.owner.set(event.id, visit);
    this.kinds.set(event.id, kind);
    this.indexes.set(event.id, index);
  }

  enter(kind, details, previous, at) {
    const before = this.owner.get(previous) || null;
    let cameFrom = (this.kinds.get(previous) || "").endsWith("StateExited") ? before : null;
    let parent = cameFrom ? cameFrom.parent : before;
    let index = (cameFrom ? cameFrom.index : this.indexes.get(previous)) ?? null;
    const again = [...this.redriven].find((visit) => visit.name === details.name);
    if (again) {
      this.redriven.delete(again);
      ({ cameFrom, parent, index } = again);
      close(again, at, "failed");
    }
    const visit = {
      name: details.name, kind: kind.slice(0, -"StateEntered".length), parent, cameFrom,
      index, depth: parent ? parent.depth + 1 : 0,
      from: at.position, to: null, start: at.time, end: null, status: "running", changes: [[at.position, "running"]],
      input: details.input, output: undefined, assigned: null, isTruncated: Boolean(details.inputDetails?.truncated),
      attempts: [], error: null, cause: null, children: [], open: new Set(), iterations: new Map(), next: null, length: null,
      mapRun: null, started: null,
    };
    if (cameFrom) cameFrom.next = visit;
    (parent ? parent.children : this.roots).push(visit);
    parent?.open.add(visit);
    const iteration = parent?.iterations.get(index);
    if (iteration) Object.assign(iteration, { first: iteration.first || visit, last: visit });
    this.all.push(visit);
    return visit;
  }

  exit(details, visit, at) {
    const found = climb(visit, (v) => v.name === details.name && isOpen(v));
    if (!found) return visit;
    const isFailing = this.failing.delete(found);
    this.abandon(found, at);
    found.output = details.output;
    found.assigned = details.assignedVariables || null;
    close(found, at, isFailing ? "caught" : "succeeded");
    const iteration = isFailing && found.parent?.iterations.get(found.index);
    if (iteration) iteration.caught ||= found;
    return found;
  }

  iterate(visit, kind, index, at) {
    const status = ITERATIONS[kind];
    if (status !== "running") this.abandon(visit, at, index);
    const iteration = visit.iterations.get(index) || { index, changes: [], first: null, last: null, caught: null };
    iteration.changes.push([at.position, status]);
    visit.iterations.set(index, iteration);
  }

  progress(kind, details, inner, at) {
    let visit = inner;
    if (kind.startsWith("MapState") || kind.startsWith("ParallelState")) {
      const fork = kind.startsWith("Map") ? "Map" : "Parallel";
      visit = climb(inner, (v) => v.kind === fork && isOpen(v));
      if (visit && inner && inner !== visit && kind.endsWith("Failed")) {
        visit.error = inner.error || visit.error;
        visit.cause = inner.cause || visit.cause;
      }
    }
    if (!visit) return null;
    if (kind.endsWith("Scheduled") && visit.kind !== "Task") visit = this.redrivenTask(visit) || visit;
    if (kind === "MapStateStarted") visit.length = details.length ?? null;
    if (kind === "MapRunStarted") visit.mapRun = details.mapRunArn;
    if (kind === "TaskSubmitted" || kind === "TaskSucceeded") visit.started = startedBy(details.output) || visit.started;
    if (ATTEMPTS.test(kind)) this.attempt(visit, details, at);
    if (kind.endsWith("Failed") || kind.endsWith("TimedOut")) this.fail(visit, kind, details, at);
    else if (kind.endsWith("Succeeded")) this.succeed(visit, kind, details, at);
    return visit;
  }

  attempt(visit, details, at) {
    this.abandon(visit, at);
    this.redriven.delete(visit);
    visit.attempts.push({
      from: at.position, to: null, start: at.time, end: null, status: "running", error: null, cause: null,
      parameters: details.parameters ?? details.input, result: undefined, resource: details.resource, type: details.resourceType,
    });
  }

  fail(visit, kind, details, at) {
    visit.error = details.error || visit.error || "";
    visit.cause = details.cause ?? visit.cause;
    this.failing.add(visit);
    this.endAttempt(visit, "failed", at, details);
    this.abandon(visit, at);
  }

  succeed(visit, kind, details, at) {
    this.failing.delete(visit);
    const attempt = this.endAttempt(visit, "succeeded", at, details);
    if (attempt && details.output !== undefined) attempt.result = details.output;
  }

  endAttempt(visit, status, at, details) {
    const attempt = visit.attempts.at(-1);
    if (!attempt) return null;
    Object.assign(attempt, { to: at.position, end: at.time, status, error: details.error ?? attempt.error, cause: details.cause ?? attempt.cause });
    return attempt;
  }

  // Close what is still open inside a fork, or inside one iteration of it, that is over or starts again.
  abandon(visit, at, index = null) {
    for (const child of visit.open) {
      if (index !== null && child.index !== index) continue;
      this.abandon(child, at);
      close(child, at, this.hasFailed(child) ? "failed" : "aborted");
    }
  }

  hasFailed(visit) {
    if (visit.kind === "Fail" || this.failing.has(visit)) return true;
    return visit.children.some((child) => child.to !== null && child.status === "failed");
  }

  // Open again what didn't succeed: the state that ended the execution, and what failed inside it.
  redrive(at) {
    this.status = "RUNNING";
    this.error = this.cause = null;
    this.redriven.clear();
    this.openAgain(this.roots, at);
  }

  openAgain(visits, at) {
    for (const visit of visits) {
      if ((visit.status !== "failed" && visit.status !== "aborted") || visit.next) continue;
      Object.assign(visit, { to: null, end: null, status: "running" });
      visit.changes.push([at.position, "running"]);
      visit.parent?.open.add(visit);
      visit.parent?.iterations.get(visit.index)?.changes.push([at.position, "running"]);
      this.failing.delete(visit);
      this.redriven.add(visit);
      this.openAgain(visit.children, at);
    }
  }

  // The events of a redriven task don't say which state it is: tasks go on in the order of their branches.
  redrivenTask(holder) {
    return [...this.redriven].find((visit) => visit.kind === "Task" && climb(visit, (v) => v === holder)) || null;
  }

  end(kind, details, at) {
    this.status = ENDS[kind];
    this.error = details.error ?? null;
    this.cause = details.cause ?? null;
    for (const visit of [...walkPlain(this.roots)].reverse()) {
      if (!isOpen(visit)) continue;
      const isFailed = kind === "ExecutionFailed" && (!visit.parent || this.hasFailed(visit));
      if (isFailed) {
        visit.error = visit.error || this.error;
        visit.cause = visit.cause ?? this.cause;
      }
      close(visit, at, isFailed ? "failed" : "aborted");
    }
  }
}

function* walkPlain(visits) {
  for (const visit of visits) {
    yield visit;
    yield* walkPlain(visit.children);
  }
}

// The execution that a task on Step Functions started.
function startedBy(output) {
  const found = /"ExecutionArn":"(arn:[^"\\]+:execution:[^"\\]+)"/.exec(output || "");
  return found && found[1];
}

function close(visit, at, status) {
  Object.assign(visit, { to: at.position, end: at.time, status });
  visit.changes.push([at.position, status]);
  visit.parent?.open.delete(visit);
  for (const { changes } of visit.iterations.values()) if (changes.at(-1)[1] === "running") changes.push([at.position, "aborted"]);
  const attempt = visit.attempts.at(-1);
  if (attempt && attempt.to === null)
    Object.assign(attempt, { to: at.position, end: at.time, status: status === "aborted" ? "aborted" : status === "failed" ? "failed" : "succeeded" });
}
