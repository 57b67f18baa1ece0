// One stay in one state: what went in and out, what was tried, how it failed, and which iterations it holds.

import { badge, button, make, sign } from "./dom.js";
import { block } from "./json.js";
import { ancestors, statusAt } from "./visits.js";
import { duration, plural, pretty, readCause, utc } from "./words.js";

// As many iterations are shown as buttons; a field reaches every one.
const MOST_ITERATIONS = 240;

/**
 * Describe a visit. `choose(visit)` goes to another one; `definitions` are the states' JSON by name; `linkTo(page,
 * query)` gives the address of another page, where there is one.
 */
export function describeVisit({ visit, visits, position, choose, definitions, linkTo }) {
  if (!visit) return [make("p", { class: "soft" }, "No state was entered.")];
  const status = statusAt(visit, position);
  const isOver = visit.to !== null && visit.to <= position;
  return [
    make("div", { class: "state-head" }, make("h2", {}, visit.name), badge(status || "waiting", status || "not yet entered")),
    make("p", { class: "soft" }, facts(visit).join(" · ")),
    ...where(visit, visits, choose),
    ...(status === "succeeded" ? [] : failure(visit.error, visit.cause, isOver)),
    ...others(visit, linkTo),
    ...iterations(visit, position, choose),
    ...attempts(visit),
    visit.isTruncated ? make("p", { class: "soft" }, "AWS shortened these values.") : null,
    block("Input", pretty(visit.input)),
    ...parameters(visit),
    block("Output", visit.output === undefined ? "" : pretty(visit.output)),
    ...variables(visit.assigned),
    block("Definition", definitions[visit.name] ? pretty(JSON.stringify(definitions[visit.name])) : "", { isOpen: false }),
  ];
}

function facts(visit) {
  const told = [visit.kind];
  if (visit.attempts.length > 1) told.push(plural(visit.attempts.length, "attempt"));
  told.push(visit.end === null ? "still open" : `took ${duration(visit.end - visit.start)}`);
  return told;
}

/** Show an error with its cause; a Lambda's stack trace as Python prints it. */
export function failure(error, cause, isOver = true) {
  if (error === null || error === undefined) return [];
  const read = readCause(cause);
  const parts = [make("div", { class: "failure-head" }, sign("failed"), make("strong", {}, error || "an error without a name"), isOver ? null : make("span", { class: "soft" }, "so far"))];
  if (read.message) parts.push(make("p", { class: "failure-message" }, read.message));
  const box = make("div", { class: "failure", role: "group", "aria-label": "failure" }, ...parts);
  return [box, read.trace ? block("Traceback", read.trace) : null, read.text && read.text !== read.message ? block("Cause as AWS gives it", pretty(read.text), { isOpen: false }) : null];
}

// ---------------------------------------------------------------- where it lies

function where(visit, visits, choose) {
  const rows = [];
  for (const holder of [...ancestors(visit), visit])
    if (holder.index !== null && holder.parent?.kind === "Map") rows.push(iterationRow(holder, visit, choose));
  const stays = visits.all.filter((one) => one.name === visit.name && one.parent === visit.parent && one.index === visit.index);
  const place = stays.indexOf(visit);
  return [
    ...rows,
    stays.length < 2 ? null : make("div", { class: "walk", role: "group", "aria-label": "visits" },
      button("‹", () => choose(stays[place - 1]), { disabled: place === 0, "aria-label": "previous visit" }),
      make("span", {}, `visit ${place + 1} of ${stays.length}`),
      button("›", () => choose(stays[place + 1]), { disabled: place === stays.length - 1, "aria-label": "next visit" })),
  ];
}

function iterationRow(holder, visit, choose) {
  const map = holder.parent;
  const indexes = [...map.iterations.keys()].sort((a, b) => a - b);
  const place = indexes.indexOf(holder.index);
  const go = (index) => choose(sameState(map, index, visit) || map);
  const field = make("input", { type: "number", min: 0, max: indexes.at(-1) ?? 0, value: holder.index, "aria-label": `iteration of ${map.name}`, class: "small" });
  field.addEventListener("change", () => map.iterations.has(Number(field.value)) && go(Number(field.value)));
  return make("div", { class: "walk", role: "group", "aria-label": `iterations of ${map.name}` },
    button("‹", () => go(indexes[place - 1]), { disabled: place <= 0, "aria-label": "previous iteration" }),
    make("span", {}, "iteration "), field, make("span", { class: "soft" }, `of 0 to ${(map.length ?? indexes.length) - 1} in ${map.name}`),
    button("›", () => go(indexes[place + 1]), { disabled: place === indexes.length - 1, "aria-label": "next iteration" }),
    button("all iterations", () => choose(map)));
}

function sameState(map, index, visit) {
  const inside = map.children.filter((child) => child.index === index);
  return inside.filter((child) => child.name === visit.name).pop() || inside[0];
}

// Executions that this state began: their histories are their own.
function others(visit, linkTo) {
  if (!linkTo) return [visit.mapRun ? make("p", { class: "soft" }, "Its items ran as child executions, which have histories of their own.") : null];
  return [
    visit.mapRun ? make("p", {}, make("a", { href: linkTo("executions", { machine: visit.mapRun }) }, "Its child executions")) : null,
    visit.started ? make("p", {}, make("a", { href: linkTo("execution", { arn: visit.started }) }, "The execution that it started")) : null,
  ];
}

// ---------------------------------------------------------------- Map and Parallel

function iterations(visit, position, choose) {
  if (visit.kind === "Parallel") return branches(visit, position, choose);
  if (visit.kind !== "Map" || !visit.iterations.size) return [];
  const state = { onlyFailed: false };
  const grid = make("div", { class: "iterations", role: "group", "aria-label": "Iterations" });
  const all = [...visit.iterations.keys()].sort((a, b) => a - b);
  const byIndex = new Map();
  for (const child of visit.children) {
    if (!byIndex.has(child.index)) byIndex.set(child.index, []);
    byIndex.get(child.index).push(child);
  }
  const statusOf = (index) => {
    const statuses = (byIndex.get(index) || []).map((child) => statusAt(child, position)).filter(Boolean);
    if (!statuses.length) return "waiting";
    const end = visit.iterations.get(index);
    return statuses.includes("running") ? "running" : end === "running" || end === "succeeded" ? (statuses.includes("aborted") ? "aborted" : "succeeded") : end;
  };
  const draw = () => {
    const wanted = all.filter((index) => !state.onlyFailed || statusOf(index) === "failed");
    grid.replaceChildren(...wanted.slice(0, MOST_ITERATIONS).map((index) => {
      const status = statusOf(index);
      return make("button", { type: "button", class: `iteration ${status}`, "aria-label": `iteration ${index}: ${status}`, title: `iteration ${index}: ${status}`,
        onclick: () => choose((byIndex.get(index) || [])[0] || visit) }, sign(status), String(index));
    }), wanted.length > MOST_ITERATIONS ? make("span", { class: "soft" }, `and ${(wanted.length - MOST_ITERATIONS).toLocaleString("en")} more`) : "");
  };
  draw();
  const failed = all.filter((index) => visit.iterations.get(index) === "failed").length;
  const only = make("input", { type: "checkbox" });
  only.addEventListener("change", () => { state.onlyFailed = only.checked; draw(); });
  const go = make("input", { type: "number", min: 0, max: all.at(-1), class: "small", placeholder: "go to", "aria-label": "go to iteration" });
  go.addEventListener("change", () => choose((byIndex.get(Number(go.value)) || [])[0] || visit));
  return [make("div", { class: "block" }, make("div", { class: "block-head" }, make("h3", {}, plural(visit.length ?? all.length, "iteration")),
    failed ? make("label", { class: "soft" }, only, ` only the ${failed} failed`) : null, all.length > 12 ? go : null), grid)];
}

function branches(visit, position, choose) {
  const first = visit.children.filter((child) => !child.cameFrom);
  if (!first.length) return [];
  const rows = first.map((start, index) => {
    const chain = [start];
    while (chain.at(-1).next) chain.push(chain.at(-1).next);
    const now = chain.filter((one) => statusAt(one, position) !== null).at(-1) || start;
    const status = statusAt(now, position) || "waiting";
    return make("button", { type: "button", class: "branch", onclick: () => choose(now) }, sign(status, status),
      make("strong", {}, `branch ${index + 1}`), make("span", { class: "soft" }, chain.map((one) => one.name).join(" → ")));
  });
  return [make("div", { class: "block" }, make("h3", {}, plural(first.length, "branch", "branches")), ...rows)];
}

// ---------------------------------------------------------------- attempts

function attempts(visit) {
  if (visit.attempts.length < 2) return [];
  const head = make("tr", {}, ...["#", "", "began", "took", "error"].map((text) => make("th", { scope: "col" }, text)));
  const rows = visit.attempts.map((attempt, index) => {
    const read = readCause(attempt.cause);
    return make("tr", {}, make("td", { class: "number" }, String(index + 1)), make("td", {}, sign(attempt.status, attempt.status)),
      make("td", { class: "number", title: utc(attempt.start / 1000) }, `+${duration(attempt.start - visit.start)}`),
      make("td", { class: "number" }, attempt.end === null ? "" : duration(attempt.end - attempt.start)),
      make("td", {}, [attempt.error, read.message].filter(Boolean).join(": ")));
  });
  return [make("div", { class: "block" }, make("h3", {}, plural(visit.attempts.length, "attempt")), make("table", { class: "attempts" }, make("thead", {}, head), make("tbody", {}, ...rows)))];
}

function parameters(visit) {
  const given = visit.attempts.filter((attempt) => attempt.parameters !== undefined);
  const last = given.at(-1);
  if (!last) return [];
  const isSame = given.every((attempt) => attempt.parameters === last.parameters);
  const blocks = isSame
    ? [block("Effective parameters", pretty(last.parameters), { note: resource(last) })]
    : given.map((attempt, index) => block(`Effective parameters, attempt ${index + 1}`, pretty(attempt.parameters), { note: resource(attempt) }));
  return [...blocks, last.result === undefined ? null : block("Result", pretty(last.result))];
}

const resource = (attempt) => [attempt.type, attempt.resource].filter(Boolean).join(":");

function variables(assigned) {
  if (!assigned) return [];
  const texts = Object.entries(assigned).map(([name, text]) => `${JSON.stringify(name)}: ${typeof text === "string" ? text : JSON.stringify(text)}`);
  return [block("Variables assigned", pretty(`{${texts.join(",")}}`))];
}
