// One stay in one state: what went in and out, what was tried, how it failed, and which iterations it holds.

import { showChildren } from "./children.js";
import { badge, button, make, sign } from "./dom.js";
import { showIterations } from "./iterations.js";
import { block } from "./json.js";
import { ancestors, statusAt } from "./visits.js";
import { duration, exactClock, plural, pretty, readCause, took, utc } from "./words.js";

/**
 * Describe a visit. `choose(visit)` goes to another one; `definitions` are the states' JSON by name; `now` is the moment
 * up to which it is told. What a live page has besides: `live.linkTo(page, query)` gives the address of another page,
 * `live.answer(task)` lets a task be answered that waits for its token, `live.readRun(arn)` reads a Map Run's counts.
 */
export function describeVisit({ visit, visits, position, now, choose, definitions, live }) {
  if (!visit) return [make("p", { class: "soft" }, "No state was entered.")];
  const status = statusAt(visit, position);
  const isOver = visit.to !== null && visit.to <= position;
  const [problem, ...more] = status === "succeeded" ? [] : failure(visit.error, visit.cause, isOver);
  return [
    make("div", { class: "state-head" }, make("h2", {}, visit.name), badge(status || "waiting", status || "not yet entered"), answerButton(visit, definitions[visit.name], live.answer)),
    facts(visit, now),
    ...where(visit, visits, choose),
    problem,
    ...others(visit, live),
    visit.kind === "Map" && visit.iterations.size ? showIterations(visit, { position, choose, definitions }) : null,
    ...(visit.kind === "Parallel" ? branches(visit, position, choose) : []),
    ...more,
    ...attempts(visit),
    visit.isTruncated ? make("p", { class: "soft" }, "AWS shortened these values.") : null,
    block("Input", pretty(visit.input)),
    ...parameters(visit),
    block("Output", visit.output === undefined ? "" : pretty(visit.output)),
    ...variables(visit.assigned),
    block("Definition", definitions[visit.name] ? pretty(JSON.stringify(definitions[visit.name])) : "", { isOpen: false }),
  ];
}

function facts(visit, now) {
  const told = [["type", visit.kind], ["entered", date(visit.start)]];
  if (visit.end === null) told.push(["so far", duration(now - visit.start)]);
  else told.push(["left", date(visit.end)], ["took", took(visit.end - visit.start)]);
  if (visit.attempts.length > 1) told.push(["attempts", String(visit.attempts.length)]);
  return make("dl", { class: "facts" }, ...told.map(([term, value]) => make("div", { "data-key": term }, make("dt", {}, term), make("dd", {}, value))));
}

const date = (ms) => make("time", { datetime: new Date(ms).toISOString(), title: utc(ms / 1000) }, exactClock(ms / 1000));

function answerButton(visit, definition, answer) {
  const last = visit.attempts.at(-1);
  if (!answer || last?.status !== "running" || !/\.waitForTaskToken$|:activity:/.test(last.resource)) return null;
  return button("Answer…", () => answer({ name: visit.name, token: tokenOf(last.parameters, definition || {}) }), { "data-key": "answer" });
}

// The token that a waiting task was given, found where the definition put it; "": it isn't among its parameters.
function tokenOf(parameters, definition) {
  try {
    return findToken(JSON.parse(parameters), definition.Parameters ?? definition.Arguments ?? null) || "";
  } catch {
    return "";
  }
}

function findToken(given, template) {
  if (typeof template !== "object" || template === null || given === null) return null;
  for (const [name, value] of Object.entries(template)) {
    const told = given[name.replace(/\.\$$/, "")];
    const path = typeof value === "string" ? value.replace(/^\{%\s*|\s*%\}$/g, "") : "";
    if (/^\$(\$|states\.context)\.Task\.Token$/.test(path)) return told;
    if (/^\$(\$|states\.context)$/.test(path)) return told?.Task?.Token;
    const inside = findToken(told, value);
    if (inside) return inside;
  }
  return null;
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
function others(visit, { linkTo, readRun }) {
  if (!linkTo) return [visit.mapRun ? make("p", { class: "soft" }, "Its items ran as child executions, which have histories of their own.") : null];
  return [
    visit.mapRun ? showChildren(visit, { linkTo, readRun }) : null,
    visit.started ? make("p", {}, make("a", { href: linkTo("execution", { arn: visit.started }) }, "The execution that it started")) : null,
  ];
}

// ---------------------------------------------------------------- Parallel

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
  const head = make("tr", {}, ...["#", "how", "began", "took", "error"].map((text) => make("th", { scope: "col" }, text)));
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
