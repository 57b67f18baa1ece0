// The picture of the machine, made by step.view; here it gets the colours of a moment of an execution.

import { glyph, makeSvg } from "./dom.js";
import { inScope, statusAt } from "./visits.js";

const WORST = ["failed", "running", "aborted", "caught", "succeeded"];
const STATUSES = [...WORST, "idle"];

/** Take the SVG in; `choose(name)` hears which state was clicked. */
export function makeGraph(text, choose, label) {
  const picture = document.importNode(new DOMParser().parseFromString(text, "image/svg+xml").documentElement, true);
  picture.setAttribute("aria-label", label);
  picture.setAttribute("role", "tree");
  picture.setAttribute("tabindex", "-1"); // by itself Chromium would stop there
  const boxes = [...picture.querySelectorAll("[data-state]")];
  const lines = [...picture.querySelectorAll("[data-from]")];
  for (const [place, box] of boxes.entries()) {
    box.setAttribute("tabindex", place ? -1 : 0);
    box.setAttribute("role", "treeitem");
  }
  for (const scope of picture.querySelectorAll(".scope")) scope.setAttribute("role", "group");
  const stateOf = (event) => event.target.closest("[data-state]");
  picture.addEventListener("click", (click) => stateOf(click) && choose(stateOf(click).dataset.state));
  picture.addEventListener("keydown", (key) => {
    const box = stateOf(key);
    if (!box) return;
    if (key.key === "Enter" || key.key === " ") choose(box.dataset.state);
    else if (key.key in WAYS && !key.shiftKey) focusOn(boxes, nearest(box, boxes, WAYS[key.key]) || box);
    else return;
    key.preventDefault();
    key.stopPropagation();
  });
  picture.addEventListener("focusin", (event) => stateOf(event) && focusOn(boxes, stateOf(event)));
  // Taken lines are drawn over the others, and under the states.
  const over = new Map();
  for (const line of lines) over.set(line.parentNode, line.nextElementSibling);
  return { element: picture, boxes, lines, over };
}

// The Tab key stops at one state; arrows go on from there, to the nearest state in their direction.
const WAYS = { ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowRight: [1, 0], ArrowLeft: [-1, 0] };

function focusOn(boxes, box) {
  for (const other of boxes) other.setAttribute("tabindex", other === box ? 0 : -1);
  if (document.activeElement !== box) box.focus();
}

function nearest(from, boxes, [right, down]) {
  const [x, y] = cornerOf(from);
  const far = (box) => {
    const [dx, dy] = [cornerOf(box)[0] - x, cornerOf(box)[1] - y];
    const along = dx * right + dy * down;
    return along > 0 ? along + 2 * Math.abs(dx * down + dy * right) : Infinity;
  };
  const found = boxes.reduce((best, box) => (far(box) < far(best) ? box : best), from);
  return found === from ? null : found;
}

const frameOf = (box) => [...box.querySelectorAll(":scope > .box")].at(-1);
const cornerOf = (box) => ["x", "y"].map((name) => Number(frameOf(box).getAttribute(name)));

/** Colour states and transitions as they stood at a position, within the iterations of the chosen visit. */
export function paint(graph, visits, position, chosen) {
  const moment = readMoment(visits, position, chosen);
  for (const box of graph.boxes) paintBox(box, moment.states.get(box.dataset.state), chosen?.name === box.dataset.state);
  for (const line of graph.lines) {
    const isTaken = moment.taken.has(key(line.dataset.from, line.dataset.to, line.classList.contains("catch")));
    if (line.isTaken === isTaken) continue;
    line.isTaken = isTaken;
    line.classList.toggle("taken", isTaken);
    if (isTaken) line.parentNode.insertBefore(line, graph.over.get(line.parentNode));
    drawEnd(line, isTaken);
  }
}

// What stays as it is isn't touched: it would be laid out again.
function paintBox(box, stay, isChosen) {
  box.classList.toggle("is-chosen", isChosen);
  box.setAttribute("aria-selected", isChosen);
  const status = stay ? stay.status : "idle";
  const says = `${status}${stay && stay.count > 1 ? `, ${stay.count} times` : ""}`;
  if (box.says === says) return;
  box.says = says;
  box.classList.remove(...STATUSES.map((one) => `is-${one}`));
  box.classList.add(`is-${status}`);
  box.setAttribute("aria-label", `${box.dataset.state}: ${says.replace("idle", "not entered")}`);
  box.querySelector(":scope > .mark")?.remove();
  if (stay) mark(box, stay);
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
  const frame = frameOf(box);
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
