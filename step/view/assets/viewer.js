// The live viewer: one head for all pages, and which page an address shows.

import { openAnswer } from "./answer.js";
import { openCompare, openRedrive, openStart, openStop, save } from "./actions.js";
import { follow, link, read, readHistory, readText, ServiceError } from "./api.js";
import { COMPARE_KEYS, showCompare } from "./compare.js";
import { announce, announcements, button, make } from "./dom.js";
import { ExecutionPage } from "./execution.js";
import { showExecutions } from "./executions.js";
import { EXECUTION_KEYS, frameButtons, listen } from "./keys.js";
import { showMachines } from "./machines.js";

const LIST_KEYS = [["/", "search"], ["↑ ↓", "in the list: the line before, the line after (with PgUp PgDn: a page)"], ["Enter", "open the execution"], ["x", "choose it for comparing"]];
const PAGES = {
  "": ["Executions", showExecutions, LIST_KEYS], machines: ["Machines", showMachines, [["/", "filter"]]], executions: ["Executions", showExecutions, LIST_KEYS],
  execution: ["Execution", showExecution, EXECUTION_KEYS], compare: ["Compare", showCompare, COMPARE_KEYS],
};

async function showExecution(root, frame, query) {
  const arn = query.get("arn") || "";
  const about = await read("execution", { arn });
  about.pytest = () => readText("pytest", { arn });
  const stop = button("Stop", () => openStop(arn), { class: "danger" });
  const redrive = button("Redrive", () => openRedrive(arn));
  const actions = [
    ...(frame.canAct ? [stop, redrive, button("Start again…", () => openStart([{ arn: about.machine_arn.split("/")[0], name: about.machine }], page.data.input || "{}"))] : []),
    button("Compare…", () => openCompare(arn, about.map_run || about.machine_arn)),
    button("Export", () => save("export", { arn })),
  ];
  const page = new ExecutionPage(root, about, { actions, live: { linkTo: link, answer: frame.canAct ? openAnswer : null, readRun: (run) => read("map_run", { arn: run }) } });
  let told = about.status;
  const show = (facts) => {
    if (facts.status !== told) announce(`${facts.name}: ${facts.status.toLowerCase().replaceAll("_", " ")}`);
    told = facts.status;
    stop.hidden = facts.status !== "RUNNING";
    redrive.hidden = facts.redrive !== "REDRIVABLE";
    document.title = `${facts.name}: ${facts.status.toLowerCase()} – step`;
  };
  show(about);
  follow({ arn }, async () => {
    // Asked before the events are read: what came before the end is then among them.
    const facts = await read("facts", { arn });
    delete facts.machine;
    await readHistory(arn, page.events.at(-1)?.id || 0, (events) => page.grow(events));
    page.grow([], facts);
    show(page.data);
  }, frame.standing);
  return { press: (key) => page.press(key) };
}

function buildFrame(about, name, keys) {
  const pages = ["machines", "executions"].map((page) => make("a", { href: link(page), "aria-current": page === name || (page === "executions" && name === "") ? "page" : null }, page[0].toUpperCase() + page.slice(1)));
  const live = make("span", { class: "live", role: "status" });
  const bar = make("header", { class: "top" }, make("a", { href: link(""), class: "brand", "aria-label": "step, the viewer" }, "step"), make("nav", { "aria-label": "Pages" }, ...pages),
    make("span", { class: "space" }), live, make("span", { class: "soft where" }, about.where), ...frameButtons(keys));
  const standing = (isLive, problem = "") => {
    live.className = `live ${isLive ? "is-live" : "is-lost"}`;
    live.textContent = isLive ? "live" : problem;
  };
  return { bar, standing, canAct: about.can_act };
}

async function main() {
  const name = location.pathname.replace(/^\/_step\//, "");
  const [title, show, keys] = PAGES[name] || PAGES[""];
  document.title = `${title} – step`;
  const root = make("main", { id: name === "execution" ? "execution" : "main" });
  let page = { press: () => false };
  listen((key) => page.press(key), keys);
  try {
    const frame = buildFrame(await read("about"), name, keys);
    document.body.replaceChildren(frame.bar, root, announcements());
    page = await show(root, frame, new URLSearchParams(location.search));
  } catch (error) {
    if (!root.isConnected) document.body.replaceChildren(root);
    root.replaceChildren(make("div", { class: "page" }, make("h1", {}, "This can't be shown"), make("p", { class: "mistake", role: "alert" }, error.message), make("p", {}, make("a", { href: link("executions") }, "All executions"))));
    if (!(error instanceof ServiceError)) throw error;
  }
}

main();
