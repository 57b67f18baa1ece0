// The page of one execution. It reads nothing but the events of GetExecutionHistory, so a file, the local service
// and AWS itself give the same page. No dependency, no build.
"use strict";
const StepPage = (() => {
  const SIGNS = { succeeded: "✓", failed: "✗", caught: "!", running: "…", aborted: "–", waiting: "·" };

  // ---------------------------------------------------------------- reading a history

  const detailsOf = (event) => {
    for (const key in event) if (key.endsWith("EventDetails")) return event[key] || {};
    return {};
  };
  const timeOf = (event) => {
    const at = event.timestamp;
    return typeof at === "number" ? at * 1000 : Date.parse(at);
  };

  // A visit is one stay in one state: what went in and out, every attempt, when, and how it ended.
  function readVisits(events) {
    const visits = [];
    const owner = new Map(); // event id -> visit
    const iteration = new Map(); // event id -> index of the iteration that it starts
    const climb = (visit, fits) => {
      while (visit && !fits(visit)) visit = visit.parent;
      return visit;
    };
    for (const [position, event] of events.entries()) {
      const details = detailsOf(event);
      const before = owner.get(event.previousEventId);
      const kind = event.type;
      let visit = before;
      if (kind.endsWith("StateEntered")) {
        const previous = events[event.previousEventId - 1];
        const parent = previous && previous.type.endsWith("StateExited") ? before && before.parent : before;
        visit = {
          name: details.name, type: kind.slice(0, -"StateEntered".length), parent: parent || null,
          depth: parent ? parent.depth + 1 : 0, from: position, to: null, start: timeOf(event), end: null,
          input: details.input, output: undefined, parameters: [], results: [], attempts: 0, status: "running",
          error: null, cause: null, assigned: null, index: iteration.get(event.previousEventId),
          previous: previous && previous.type.endsWith("StateExited") && before ? before.name : "",
        };
        visits.push(visit);
      } else if (kind.endsWith("StateExited")) {
        visit = climb(before, (v) => v.name === details.name && v.to === null) || before;
        if (visit) {
          visit.output = details.output;
          visit.assigned = details.assignedVariables || null;
          close(visit, position, event, visit.error !== null ? "caught" : "succeeded");
        }
      } else if (kind === "MapIterationStarted") {
        visit = climb(before, (v) => v.name === details.name) || before;
        iteration.set(event.id, details.index);
      } else if (/^(MapIteration|MapRun)/.test(kind)) {
        visit = climb(before, (v) => v.type === "Map" && v.to === null) || before;
      } else if (/^(Map|Parallel)State(Succeeded|Failed)$/.test(kind)) {
        visit = climb(before, (v) => kind.startsWith(v.type) && v.to === null) || before;
        if (visit && kind.endsWith("Failed") && visit.error === null) visit.error = "";
      } else if (/(Scheduled)$/.test(kind) && visit) {
        visit.attempts += 1;
        visit.parameters.push(details.parameters !== undefined ? details.parameters : details.input);
        visit.error = visit.cause = null;
      } else if (/^(Task|LambdaFunction|Activity)(Failed|TimedOut|StartFailed|SubmitFailed)$/.test(kind) && visit) {
        visit.error = details.error || "";
        visit.cause = details.cause || null;
      } else if (/^(Task|LambdaFunction|Activity)Succeeded$/.test(kind) && visit) {
        visit.results.push(details.output);
        visit.error = visit.cause = null;
      } else if (kind === "EvaluationFailed" && visit) {
        visit.error = details.error || "";
        visit.cause = details.cause || null;
      } else if (/StateAborted$/.test(kind) && visit) {
        if (visit.to === null) close(visit, position, event, visit.error !== null ? "failed" : "aborted");
      } else if (kind === "ExecutionRedriven") {
        for (const open of visits) if (open.status === "failed" || open.status === "aborted") reopen(open);
      } else if (/^Execution(Failed|Aborted|TimedOut|Succeeded)$/.test(kind)) {
        for (const open of visits) {
          if (open.to !== null) continue;
          const isFailed = kind === "ExecutionFailed" && (open.error !== null || open.type === "Fail" || isLast(visits, open));
          if (isFailed && open.error === null) { open.error = details.error || ""; open.cause = details.cause || null; }
          close(open, position, event, isFailed ? "failed" : "aborted");
        }
      }
      if (visit) owner.set(event.id, visit);
    }
    return visits;
  }
  const isLast = (visits, visit) => !visits.some((other) => other.parent === visit) && visits[visits.length - 1] === visit;
  function close(visit, position, event, status) {
    visit.to = position; visit.end = timeOf(event); visit.status = status;
  }
  function reopen(visit) {
    visit.to = visit.end = null; visit.status = "running";
  }
  // How a visit looked when the event at a position was the last one.
  const statusAt = (visit, position) =>
    visit.from > position ? null : visit.to !== null && visit.to <= position ? visit.status : "running";

  // ---------------------------------------------------------------- words

  function duration(ms) {
    if (ms === null || Number.isNaN(ms)) return "";
    if (ms < 1000) return `${Math.round(ms)} ms`;
    const units = [[86400000, "d"], [3600000, "h"], [60000, "min"], [1000, "s"]];
    for (let i = 0; i < units.length; i++) {
      const [size, word] = units[i];
      if (ms < size) continue;
      const whole = Math.floor(ms / size);
      const next = units[i + 1];
      const rest = next ? Math.floor((ms - whole * size) / next[0]) : 0;
      return rest ? `${whole} ${word} ${rest} ${next[1]}` : `${whole} ${word}`;
    }
    return "";
  }
  function pretty(text) {
    if (text === undefined || text === null) return "";
    if (typeof text !== "string") return JSON.stringify(text, null, 2);
    try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
  }
  // A Lambda's cause is a JSON document; its stack trace is what a person looks for.
  function trace(cause) {
    try {
      const document = JSON.parse(cause);
      if (Array.isArray(document.stackTrace) && document.stackTrace.length)
        return `${document.stackTrace.join("")}${document.errorType}: ${document.errorMessage}`;
    } catch { /* an ordinary text */ }
    return null;
  }

  // ---------------------------------------------------------------- building elements

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }
  const mark = (status) => make("span", { class: `mark ${status}` }, `${SIGNS[status] || ""} ${status}`);
  const block = (title, text) => text ? [make("h3", {}, title), make("pre", { tabindex: 0 }, text)] : [];

  // ---------------------------------------------------------------- the page

  function show(root, data, graph) {
    const events = data.history;
    const visits = readVisits(events);
    const state = { position: events.length - 1, chosen: null, filter: "" };
    const chosenFirst = [...visits].reverse().find((v) => v.status === "failed") || visits[visits.length - 1] || null;
    state.chosen = chosenFirst;

    root.replaceChildren();
    root.append(header(data, events));
    if (data.error || data.cause)
      root.append(make("p", { class: "step-failure" }, [data.error, trace(data.cause) || data.cause].filter(Boolean).join(": ")));
    const player = makePlayer(events, () => state.position, move);
    const picture = make("section", { class: "step-graph", "aria-label": "The machine" });
    picture.innerHTML = graph; // our own renderer's SVG: names in it are escaped
    const details = make("section", { class: "step-details" });
    root.append(player.element, make("div", { class: "step-body" }, picture, details));
    const table = makeEvents(events, (position) => move(position), (text) => { state.filter = text; update(); });
    const timeline = make("div", { class: "step-lines" });

    picture.addEventListener("click", (click) => {
      const box = click.target.closest("[data-state]");
      if (!box) return;
      const stays = visits.filter((v) => v.name === box.dataset.state);
      choose(stays.filter((v) => v.from <= state.position).pop() || stays[0] || null);
    });
    document.onkeydown = (key) => {
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(key.target.tagName) && key.target.type !== "range") return;
      const steps = { ArrowLeft: -1, ArrowRight: 1, Home: -events.length, End: events.length, PageUp: -10, PageDown: 10 };
      if (key.key in steps) { key.preventDefault(); move(state.position + steps[key.key]); }
      if (key.key === "/") { key.preventDefault(); table.input.focus(); }
    };

    function move(position) {
      state.position = Math.max(0, Math.min(events.length - 1, position));
      const here = visits.filter((v) => v.from <= state.position && (v.to === null || v.to >= state.position)).pop();
      if (here) state.chosen = here;
      update();
    }
    function choose(visit) {
      state.chosen = visit;
      update();
    }
    function update() {
      player.update(state.position);
      paint(picture, visits, state);
      drawTimeline(timeline, visits, events, state, choose);
      table.update(state.position, state.filter);
      details.replaceChildren(make("h2", {}, "Timeline"), timeline,
        ...describe(state.chosen, visits, state.position, choose), make("h2", {}, "Events"), table.element,
        make("p", { class: "step-hint" }, make("kbd", {}, "←"), " ", make("kbd", {}, "→"), " step through the history, ",
          make("kbd", {}, "/"), " filter events"));
    }
    update();
    return { move, update };
  }

  function header(data, events) {
    const took = events.length ? timeOf(events[events.length - 1]) - timeOf(events[0]) : 0;
    const status = { SUCCEEDED: "succeeded", RUNNING: "running", ABORTED: "aborted" }[data.status] || "failed";
    const facts = [["execution", data.name], ["took", duration(took)], ["events", events.length],
      ["started", events.length ? new Date(timeOf(events[0])).toISOString() : ""]];
    return make("header", { class: "step-head" }, make("h1", {}, data.machine || "execution"),
      make("span", { class: `mark ${status}` }, `${SIGNS[status]} ${data.status}`),
      make("dl", {}, ...facts.filter(([, value]) => value !== undefined && value !== "")
        .map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, String(value))))));
  }

  function makePlayer(events, position, move) {
    const slider = make("input", { type: "range", min: 0, max: Math.max(0, events.length - 1), "aria-label": "Position in the history" });
    slider.addEventListener("input", () => move(Number(slider.value)));
    const output = make("output", {});
    const button = (label, name, step) => make("button", { "aria-label": name, title: name, onclick: () => move(position() + step) }, label);
    const element = make("div", { class: "step-player", role: "group", "aria-label": "History" },
      button("|◀", "first event", -Infinity), button("◀", "one event back", -1), slider,
      button("▶", "one event on", 1), button("▶|", "last event", Infinity), output);
    const update = (at) => {
      slider.value = at;
      const event = events[at];
      output.textContent = event ? `${event.id}/${events.length} ${event.type} ${detailsOf(event).name || ""} +${duration(timeOf(event) - timeOf(events[0]))}` : "";
    };
    return { element, update };
  }

  function paint(picture, visits, state) {
    const now = new Map();
    const counts = new Map();
    const taken = new Set();
    for (const visit of visits) {
      const status = statusAt(visit, state.position);
      if (status === null) continue;
      now.set(visit.name, status);
      counts.set(visit.name, (counts.get(visit.name) || 0) + 1);
      taken.add(JSON.stringify([visit.previous, visit.name]));
    }
    for (const sign of picture.querySelectorAll(".sign")) sign.remove();
    for (const box of picture.querySelectorAll("[data-state]")) {
      const name = box.dataset.state;
      const status = now.get(name);
      box.classList.remove("is-idle", "is-chosen", ...Object.keys(SIGNS).map((s) => `is-${s}`));
      box.classList.add(status ? `is-${status}` : "is-idle");
      if (state.chosen && state.chosen.name === name) box.classList.add("is-chosen");
      if (status) addSign(box, status, counts.get(name));
    }
    for (const line of picture.querySelectorAll("[data-from]"))
      line.classList.toggle("is-taken", taken.has(JSON.stringify([line.dataset.from, line.dataset.to])));
  }
  function addSign(box, status, count) {
    const shape = box.querySelector(".box");
    if (!shape || !shape.getBBox) return;
    const { x, y, width } = shape.getBBox();
    const svg = (tag, attributes, text) => {
      const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
      if (text) element.textContent = text;
      return element;
    };
    const colour = { succeeded: "green", failed: "red", caught: "orange", running: "blue" }[status] || "soft";
    const group = svg("g", { class: "sign", transform: `translate(${x + width - 4},${y + 2})` });
    group.append(svg("circle", { r: 9, style: `stroke:var(--${colour})` }),
      svg("text", { y: 4, style: `fill:var(--${colour})` }, count > 1 ? String(count) : SIGNS[status]));
    box.append(group);
  }

  // Waits are compressed: the width of a stretch between two moments grows with the logarithm of its length.
  function scale(visits, end) {
    const moments = [...new Set(visits.flatMap((v) => [v.start, v.end === null ? end : v.end]))].sort((a, b) => a - b);
    const places = new Map();
    let place = 0;
    moments.forEach((moment, i) => {
      if (i) place += 1 + 2.2 * Math.log10(1 + (moment - moments[i - 1]) / 50);
      places.set(moment, place);
    });
    return (moment) => (place ? (places.get(moment) / place) * 100 : 0);
  }
  const LINES = 400;
  function drawTimeline(root, visits, events, state, choose) {
    const end = events.length ? timeOf(events[events.length - 1]) : 0;
    const at = scale(visits, end);
    root.replaceChildren(...visits.slice(0, LINES).map((visit) => {
      const status = statusAt(visit, state.position);
      const left = at(visit.start);
      const width = at(visit.end === null ? end : visit.end) - left;
      const bar = make("div", { class: `step-bar ${visit.type} ${status || "waiting"}`, style: `left:${left}%;width:${width}%;opacity:${status ? 1 : 0.25}` });
      const label = `${visit.index !== undefined ? `#${visit.index} ` : ""}${visit.name}`;
      return make("div", { class: `step-line${visit === state.chosen ? " is-chosen" : ""}`, role: "button", tabindex: 0, onclick: () => choose(visit),
        onkeydown: (key) => { if (key.key === "Enter") choose(visit); } },
        make("span", { style: `padding-left:${visit.depth * 0.8}rem`, title: label }, `${SIGNS[status] || "·"} ${label}`),
        make("div", { class: "step-track" }, bar), make("span", { class: "took" }, visit.end === null ? "" : duration(visit.end - visit.start)));
    }), visits.length > LINES ? make("p", { class: "step-hint" }, `and ${visits.length - LINES} more`) : "");
  }

  function makeEvents(events, move, filter) {
    const input = make("input", { class: "step-filter", type: "search", placeholder: "filter events: a type, a state, a text", "aria-label": "Filter events" });
    input.addEventListener("input", () => filter(input.value));
    const body = make("tbody");
    const rows = events.map((event, position) => {
      const details = detailsOf(event);
      const row = make("tr", { tabindex: 0, onclick: () => move(position), onkeydown: (key) => { if (key.key === "Enter") move(position); } },
        make("td", { class: "number" }, String(event.id)), make("td", { class: "number" }, `+${duration(timeOf(event) - timeOf(events[0]))}`),
        make("td", {}, event.type), make("td", {}, details.name || details.error || details.resource || ""));
      return { row, text: `${event.type} ${JSON.stringify(details)}`.toLowerCase() };
    });
    const element = make("div", {}, input, make("div", { class: "step-scroll" }, make("table", {}, make("thead", {}, make("tr", {},
      make("th", { class: "number" }, "id"), make("th", { class: "number" }, "at"), make("th", {}, "type"), make("th", {}, "of"))), body)));
    const update = (position, text) => {
      const wanted = text.toLowerCase();
      const shown = rows.filter((r) => !wanted || r.text.includes(wanted)).slice(0, 2000);
      rows.forEach(({ row }, i) => { row.classList.toggle("is-now", i === position); row.classList.toggle("is-later", i > position); });
      body.replaceChildren(...shown.map((r) => r.row));
    };
    return { element, input, update };
  }

  function describe(visit, visits, position, choose) {
    if (!visit) return [make("h2", {}, "Nothing was entered")];
    const stays = visits.filter((v) => v.name === visit.name);
    const which = stays.indexOf(visit);
    const head = make("h2", {}, `${visit.name} `, mark(statusAt(visit, position) || "waiting"));
    const facts = [visit.type, visit.attempts > 1 ? `${visit.attempts} attempts` : "", visit.end === null ? "" : duration(visit.end - visit.start),
      stays.length > 1 ? `visit ${which + 1} of ${stays.length}` : "", visit.index !== undefined ? `iteration ${visit.index}` : ""];
    const line = make("p", { class: "step-hint" }, facts.filter(Boolean).join(" · "));
    if (stays.length > 1)
      line.append(" ", make("button", { onclick: () => choose(stays[Math.max(0, which - 1)]) }, "previous visit"),
        " ", make("button", { onclick: () => choose(stays[Math.min(stays.length - 1, which + 1)]) }, "next visit"));
    const cause = visit.cause && (trace(visit.cause) || pretty(visit.cause));
    return [head, line, ...block("error", visit.error), ...block("cause", cause), ...block("input", pretty(visit.input)),
      ...visit.parameters.flatMap((p, i) => block(visit.parameters.length > 1 ? `parameters, attempt ${i + 1}` : "parameters", pretty(p))),
      ...visit.results.flatMap((r) => block("result", pretty(r))), ...block("output", pretty(visit.output)),
      ...block("variables", visit.assigned && pretty(visit.assigned))];
  }

  return { show, readVisits, duration };
})();
