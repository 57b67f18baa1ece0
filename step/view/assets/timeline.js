// The timeline: a line for every visit, in which long waits take little room.

import { make, sign } from "./dom.js";
import { renew } from "./renew.js";
import { VirtualList } from "./virtual.js";
import { statusAt, walk } from "./visits.js";
import { duration, timeOf } from "./words.js";

/** Make the timeline; `choose(visit)` hears which line was clicked. */
export function makeTimeline(choose) {
  let lines = [];
  let shown = null;
  const list = new VirtualList({
    label: "Timeline", className: "timeline", choose: (index) => choose(lines[index]),
    draw: (index) => drawLine(lines[index], shown),
  });
  const axis = make("div", { class: "axis", "aria-hidden": "true" });
  const element = make("div", { class: "timeline-box" },
    make("div", { class: "timeline-head" }, make("span", {}, "state"), axis, make("span", { class: "took" }, "took")), list.element);
  let places = [];
  function update({ visits, events, position, chosen }) {
    if (places.length !== events.length) {
      lines = [...walk(visits.roots)];
      places = scale(events);
      drawAxis(axis, events, places);
    }
    shown = { position, places, end: events.length - 1 };
    list.set(lines.length, chosen ? lines.indexOf(chosen) : -1);
  }
  return { element, update };
}

// What the order of events alone takes of the width; the rest is for the time that passed between them.
const ORDER_SHARE = 0.3;

/** Give every event a place from 0 to 100: time grows with the logarithm of its length, so that waits take little room. */
export function scale(events) {
  const spans = [0];
  for (let at = 1; at < events.length; at++) {
    const ms = Math.max(0, timeOf(events[at]) - timeOf(events[at - 1]));
    spans.push(spans[at - 1] + (ms ? 0.6 + 2.2 * Math.log10(1 + ms / 50) : 0));
  }
  const [time, order] = [spans.at(-1), Math.max(1, events.length - 1)];
  const share = time ? ORDER_SHARE : 1;
  return spans.map((span, at) => 100 * ((share * at) / order + (time ? ((1 - share) * span) / time : 0)));
}

// Words where there is room: the time since the start at the left of what begins there.
function drawAxis(axis, events, places) {
  const ticks = [];
  let free = 0;
  let last = null;
  for (const [at, event] of events.entries()) {
    if (places[at] < free) continue;
    if (places[at] > 70) break;
    const text = ticks.length ? `+${duration(timeOf(event) - timeOf(events[0]))}` : "0";
    if (text === last || text === "+0 ms") continue;
    ticks.push(make("span", { class: "tick", style: { left: `${places[at]}%` } }, text));
    last = text;
    free = places[at] + 22;
  }
  renew(axis, ticks);
}

function drawLine(visit, { position, end, places }) {
  const status = statusAt(visit, position);
  const label = visit.parent?.kind !== "Map" || visit.cameFrom ? visit.name : `#${visit.index} ${visit.name}`;
  const track = make("div", { class: "track" });
  for (const bar of bars(visit, end)) {
    const left = places[bar.from];
    track.append(make("div", {
      class: `bar ${bar.kind} ${status === null ? "later" : bar.status}`,
      style: { left: `${left}%`, width: `${places[bar.to] - left}%` },
    }));
  }
  track.append(make("div", { class: "cursor", style: { left: `${places[position]}%` } }));
  const time = visit.end === null ? "" : duration(visit.end - visit.start);
  return make("div", { class: `stay${status === null ? " is-later" : ""}` },
    make("span", { class: "line-name", style: { "padding-left": `${Math.min(visit.depth, 6) * 0.9}rem` }, title: label }, sign(status || "waiting", status || "not yet entered"), make("span", {}, label)),
    track, make("span", { class: "took" }, visit.attempts.length > 1 && visit.kind !== "Map" && visit.kind !== "Parallel"
      ? make("span", { class: "tries", title: `${visit.attempts.length} attempts` }, `${visit.attempts.length}× `) : null, time));
}

// A stay, and on it its attempts; between them the state waits to try again.
function bars(visit, end) {
  const whole = { kind: visit.kind, from: visit.from, to: visit.to ?? end, status: visit.status };
  if (visit.kind !== "Task" || visit.attempts.length < 2) return [whole];
  const tries = visit.attempts.map((attempt) => ({ kind: "attempt", from: attempt.from, to: attempt.to ?? end, status: attempt.status }));
  return [{ ...whole, kind: "backoff" }, ...tries];
}
