// Two executions side by side: the states that each entered, matched up, and where the paths part.

import { link, read, readHistory } from "./api.js";
import { make, sign, statusBadge } from "./dom.js";
import { makeGraph, paint } from "./graph.js";
import { json } from "./json.js";
import { renew } from "./renew.js";
import { VirtualList } from "./virtual.js";
import { gatherVisits } from "./visits.js";
import { duration, pretty, readCause } from "./words.js";

// Longer paths are matched from both ends only: what lies between would take too long.
const MOST_MATCHED = 1500;

export async function showCompare(root, frame, query) {
  const sides = await Promise.all(["a", "b"].map((name) => load(query.get(name))));
  const rows = align(sides[0].visits.all, sides[1].visits.all);
  const parts = rows.findIndex((row) => row.difference === "path" || row.difference === "outcome");
  const parting = parts < 0 ? rows.findIndex((row) => row.difference === "data") : parts;
  const state = { row: Math.max(0, parting) };
  const detail = make("div", { class: "compare-detail" });
  const list = new VirtualList({ label: "States of both", className: "compare-list", choose: (index) => show(index), draw: (index) => drawRow(rows[index]) });

  function show(index) {
    state.row = index;
    list.set(rows.length, index);
    const row = rows[index];
    renew(detail, row ? drawDetail(row) : []);
    sides.forEach((side, place) => paint(side.graph, side.visits.all, Math.max(0, side.events.length - 1), [row?.a, row?.b][place]));
  }
  root.replaceChildren(make("div", { class: "compare" }, make("h1", { class: "away" }, "Two executions side by side"),
    make("div", { class: "compare-heads" }, ...sides.map((side, place) => head(side, "AB"[place]))),
    make("p", { class: "verdict", role: "status" }, verdict(rows, parting, sides)),
    make("div", { class: "compare-body" },
      make("div", { class: "compare-graphs" }, ...sides.map((side, place) => make("div", { class: "picture-scroll", role: "region", tabindex: 0, "aria-label": `machine of ${"AB"[place]}` }, side.graph.element))),
      make("div", { class: "compare-side" }, make("div", { class: "compare-row compare-row-head", "aria-hidden": "true" }, make("span", {}, "A"), make("span"), make("span", {}, "B")), list.element, detail))));
  show(state.row);
  const step = (by) => show(Math.max(0, Math.min(rows.length - 1, state.row + by)));
  const keys = { ArrowRight: () => step(1), ArrowLeft: () => step(-1), Home: () => step(-rows.length), End: () => step(rows.length), f: () => parting >= 0 && show(parting) };
  return { press: (key) => key.key in keys && (keys[key.key](), true) };
}

export const COMPARE_KEYS = [["← →", "the line before, the line after"], ["Home End", "the first line, the last one"], ["f", "where the paths part"]];

async function load(arn) {
  const about = await read("execution", { arn });
  const events = [];
  await readHistory(arn, 0, (part) => { for (const event of part) events.push(event); });
  return { about, events, visits: gatherVisits(events), graph: makeGraph(about.graph, () => {}, `The machine ${about.machine}`) };
}

const head = ({ about, events }, letter) => make("div", { class: "compare-head" }, make("span", { class: "letter" }, letter),
  make("a", { href: link("execution", { arn: about.arn }), class: "strong" }, about.name), statusBadge(about.status),
  make("span", { class: "soft" }, `${about.machine} · ${events.length.toLocaleString("en")} events`));

function verdict(rows, parting, [a, b]) {
  if (parting < 0) return "Both took the same path with the same data.";
  const row = rows[parting];
  if (row.difference === "data") return `The same states up to ${row.a.name}, the first one that gave something else.`;
  if (row.difference === "outcome") return `They part at ${row.a.name}: ${row.a.status} in A, ${row.b.status} in B.`;
  const before = parting ? ` after ${(rows[parting - 1].a || rows[parting - 1].b).name}` : "";
  const next = (side) => rows.slice(parting).find((one) => one[side])?.[side].name;
  return `The paths part${before}: A ${next("a") ? `goes to ${next("a")}` : `ends (${a.about.status})`}, B ${next("b") ? `goes to ${next("b")}` : `ends (${b.about.status})`}.`;
}

function drawRow(row) {
  const side = (visit, other) => (visit ? make("span", { class: "compare-state" }, sign(visit.status, visit.status), make("span", {}, label(visit)), make("span", { class: "took" }, visit.end === null ? "" : duration(visit.end - visit.start)))
    : make("span", { class: "soft compare-state", "aria-label": `not in this one: ${label(other)}` }, "–"));
  const [text, words] = { "": ["=", "the same"], data: ["≈", "the same state, other data"], outcome: ["≠", "the same state, another outcome"], path: ["↮", "in one of them only"] }[row.difference];
  return make("div", { class: `compare-row ${row.difference ? `differs-${row.difference}` : ""}` }, side(row.a, row.b), make("span", { class: "equal", title: words, "aria-label": words }, text), side(row.b, row.a));
}

const label = (visit) => (visit.index === null || visit.parent?.kind !== "Map" ? visit.name : `#${visit.index} ${visit.name}`);

function errorText(visit) {
  if (visit.error === null || visit.status === "succeeded") return "";
  const { message, trace } = readCause(visit.cause);
  return trace ? `${visit.error}\n${trace}` : [visit.error, message].filter(Boolean).join(": ");
}

function drawDetail(row) {
  const parts = [];
  for (const [name, of] of [["Input", (visit) => pretty(visit.input)], ["Output", (visit) => pretty(visit.output)], ["Error", errorText]]) {
    const [a, b] = [row.a ? of(row.a) : "", row.b ? of(row.b) : ""];
    if (!a && !b) continue;
    const cells = a === b ? [json(a, name)] : [a, b].map((text, place) => marked(text, place ? a : b, `${name} of ${"AB"[place]}`));
    parts.push(make("h2", {}, name, make("span", { class: "soft" }, a === b ? " the same in both" : "")), make("div", { class: a === b ? "" : "pair" }, ...cells));
  }
  return parts;
}

// Lines that the other side hasn't are marked.
function marked(text, other, label) {
  if (!text) return make("pre", { class: "soft" }, "nothing");
  const lines = new Set(other.split("\n").map((line) => line.replace(/,$/, "")));
  return make("pre", { tabindex: 0, role: "region", "aria-label": label }, ...text.split("\n").map((line) => {
    const isOwn = !lines.has(line.replace(/,$/, ""));
    return make("span", { class: isOwn ? "own-line" : "" }, isOwn ? make("span", { class: "own-sign", "aria-label": "differs" }, "●") : "", `${line}\n`);
  }));
}

/** Match the visits of two executions in order: the same state of the same iteration. */
export function align(a, b) {
  const same = (one, other) => label(one) === label(other) && one.depth === other.depth;
  let start = 0;
  while (start < a.length && start < b.length && same(a[start], b[start])) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && same(a[a.length - 1 - end], b[b.length - 1 - end])) end += 1;
  const pairs = [];
  for (let i = 0; i < start; i++) pairs.push([a[i], b[i]]);
  pairs.push(...middle(a.slice(start, a.length - end), b.slice(start, b.length - end), same));
  for (let i = end; i > 0; i--) pairs.push([a[a.length - i], b[b.length - i]]);
  return pairs.map(([one, other]) => ({ a: one, b: other, difference: difference(one, other) }));
}

function difference(one, other) {
  if (!one || !other) return "path";
  if (one.status !== other.status || one.error !== other.error) return "outcome";
  return one.input === other.input && one.output === other.output ? "" : "data";
}

// The longest common run of states, by the table of lengths.
function middle(a, b, same) {
  if (a.length * b.length === 0 || a.length > MOST_MATCHED || b.length > MOST_MATCHED)
    return [...a.map((one) => [one, null]), ...b.map((one) => [null, one])];
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      lengths[i * width + j] = same(a[i], b[j]) ? lengths[(i + 1) * width + j + 1] + 1 : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
  const pairs = [];
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (same(a[i], b[j])) pairs.push([a[i++], b[j++]]);
    else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) pairs.push([a[i++], null]);
    else pairs.push([null, b[j++]]);
  }
  return [...pairs, ...a.slice(i).map((one) => [one, null]), ...b.slice(j).map((one) => [null, one])];
}
