// The picture of the machine, made by step.view; here it gets the colours of a moment of an execution.

import { glyph, makeSvg } from "./dom.js";
import { inScope, statusAt } from "./visits.js";

const WORST = ["failed", "running", "aborted", "caught", "succeeded"];
const STATUSES = [...WORST, "idle", "chosen"];

/** Take the SVG in; `choose(name)` hears which state was clicked. */
export function makeGraph(text, choose, label) {
  const picture = document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
  picture.setAttribute("aria-label", label);
  picture.setAttribute("role", "group");
  const boxes = [...picture.querySelectorAll("[data-state]")];
  const lines = [...picture.querySelectorAll("[data-from]")];
  for (const box of boxes) {
    box.setAttribute("tabindex", "0");
    box.setAttribute("role", "button");
  }
  const pick = (event) => {
    const box = event.target.closest("[data-state]");
    if (box) choose(box.dataset.state);
    return Boolean(box);
  };
  picture.addEventListener("click", pick);
  picture.addEventListener("keydown", (key) => {
    if ((key.key === "Enter" || key.key === " ") && pick(key)) key.preventDefault();
  });
  // Taken lines are drawn over the others, and under the states.
  const over = new Map();
  for (const line of lines) over.set(line.parentNode, line.nextElementSibling);
  return { element: picture, boxes, lines, over };
}

/** Colour states and transitions as they stood at a position, within the iterations of the chosen visit. */
export function paint(graph, visits, position, chosen) {
  const moment = readMoment(visits, position, chosen);
  for (const box of graph.boxes) {
    const name = box.dataset.state;
    const stay = moment.states.get(name);
    const status = stay ? stay.status : "idle";
    box.classList.remove(...STATUSES.map((one) => `is-${one}`));
    box.classList.add(`is-${status}`);
    box.classList.toggle("is-chosen", Boolean(chosen && chosen.name === name));
    box.setAttribute("aria-label", `${name}: ${status === "idle" ? "not entered" : status}${stay && stay.count > 1 ? `, ${stay.count} times` : ""}`);
    box.querySelector(":scope > .mark")?.remove();
    if (stay) mark(box, stay);
  }
  for (const line of graph.lines) {
    const isTaken = moment.taken.has(key(line.dataset.from, line.dataset.to, line.classList.contains("catch")));
    line.classList.toggle("taken", isTaken);
    if (isTaken) line.parentNode.insertBefore(line, graph.over.get(line.parentNode));
    drawEnd(line, isTaken);
  }
}

// A line that joins another on its way is drawn to its end where it was taken.
function drawEnd(line, isTaken) {
  const { whole, joined } = line.dataset;
  if (whole && !joined) line.dataset.joined = line.getAttribute("d");
  if (whole) line.setAttribute("d", isTaken ? whole : line.dataset.joined);
  if (whole && !isTaken) line.removeAttribute("marker-end");
  else line.setAttribute("marker-end", `url(#step-head${line.classList.contains("catch") ? "-catch" : isTaken ? "-taken" : ""})`);
}

const key = (from, to, isCatch) => JSON.stringify([from, to, isCatch]);

function readMoment(visits, position, chosen) {
  const latest = new Map(); // the last stay in a state, for each place where it can be: a scope's iteration
  const counts = new Map();
  const taken = new Set();
  for (const visit of visits) {
    const status = statusAt(visit, position);
    if (status === null) break;
    if (!inScope(visit, chosen)) continue;
    counts.set(visit.name, (counts.get(visit.name) || 0) + 1);
    latest.set(`${visit.parent ? visit.parent.from : ""}/${visit.index}/${visit.name}`, { visit, status });
    if (visit.cameFrom) taken.add(key(visit.cameFrom.name, visit.name, visit.cameFrom.status === "caught"));
    else taken.add(key("", visit.name, false));
    if (status === "succeeded" && !visit.next) taken.add(key(visit.name, "", false));
  }
  const states = new Map();
  for (const { visit, status } of latest.values()) {
    const other = states.get(visit.name);
    const worse = other && WORST.indexOf(other.status) < WORST.indexOf(status) ? other.status : status;
    states.set(visit.name, { status: worse, count: counts.get(visit.name), attempts: visit.attempts.length });
  }
  return { states, taken };
}

// The mark sits on the box's corner, with how often the state was entered before it.
function mark(box, { status, count }) {
  const frames = box.querySelectorAll(":scope > .box");
  const frame = frames[frames.length - 1];
  if (!frame) return;
  const x = Number(frame.getAttribute("x")) + Number(frame.getAttribute("width")) - 4;
  const group = makeSvg("g", { class: `mark ${status}`, transform: `translate(${x} ${Number(frame.getAttribute("y"))})`, "aria-hidden": "true" });
  if (count > 1) {
    const text = `${count}×`;
    const width = 12 + 7 * text.length;
    group.append(makeSvg("rect", { class: "mark-count", x: -8 - width, y: -9, width: width + 8, height: 18, rx: 9 }),
      makeSvg("text", { x: -width / 2 - 8, y: 4, "text-anchor": "middle" }, text));
  }
  group.append(glyph(status));
  box.append(group);
}
