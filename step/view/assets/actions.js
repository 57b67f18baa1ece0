// What can be done to executions: dialogs that ask before they tell the service.

import { act, link, read, readFile } from "./api.js";
import { field, foot } from "./dialogs.js";
import { announce, download, make, openDialog, statusBadge } from "./dom.js";
import { clock, pretty } from "./words.js";

/** Start a machine, one of those given: with an input, or else with that of the machine's newest execution. */
export function openStart(machines, input = null) {
  const machine = make("select", { autofocus: machines.length > 1 }, machines.map((one) => make("option", { value: one.arn }, one.name)));
  let isWritten = input !== null;
  const text = make("textarea", { rows: 14, spellcheck: "false", autofocus: machines.length < 2, oninput: () => { isWritten = true; } });
  text.value = pretty(input ?? "{}");
  const propose = async () => {
    const of = machine.value;
    const found = isWritten ? null : await newestInput(of).catch(() => null);
    if (found && !isWritten && machine.value === of) text.value = pretty(found);
  };
  machine.onchange = propose;
  propose();
  const called = make("input", { type: "text", placeholder: "made by the service", maxlength: 80, spellcheck: "false" });
  const run = async () => {
    JSON.parse(text.value);
    const { arn } = await act("start", { machine: machine.value, input: text.value, name: called.value.trim() });
    location.href = link("execution", { arn });
  };
  const title = machines.length > 1 ? "Start an execution" : `Start ${machines[0].name}`;
  const dialog = openDialog(title, machines.length > 1 ? field("Machine", machine) : null, field("Input (JSON)", text), field("Name", called), foot(() => dialog, "Start", run));
}

async function newestInput(machine) {
  const { executions: [newest] } = await read("executions", { machine, limit: 1 });
  return newest ? (await read("facts", { arn: newest.arn })).input : "{}";
}

export function openStop(arn) {
  const error = make("input", { type: "text", placeholder: "none" });
  const cause = make("input", { type: "text", placeholder: "none" });
  const run = async () => {
    await act("stop", { arn, error: error.value, cause: cause.value });
    announce("Stopped");
  };
  const dialog = openDialog("Stop this execution", make("p", { class: "soft" }, "Its running tasks are abandoned; a redrive can go on with it."), field("Error", error), field("Cause", cause), foot(() => dialog, "Stop", run, "danger"));
}

export function openRedrive(arn) {
  const run = async () => {
    await act("redrive", { arn });
    announce("Redriven");
  };
  const dialog = openDialog("Redrive this execution", make("p", {}, "It goes on from the states that didn't succeed. What succeeded isn't run again."), foot(() => dialog, "Redrive", run));
}

export async function openCompare(arn, machine) {
  const { executions } = await read("executions", { machine, limit: 100 });
  const rows = executions.filter((row) => row.arn !== arn).map((row) =>
    make("tr", {}, make("td", {}, make("a", { href: link("compare", { a: arn, b: row.arn }) }, row.name)), make("td", {}, statusBadge(row.status)), make("td", { class: "soft" }, clock(row.started))));
  openDialog("Compare with", rows.length ? make("div", { class: "dialog-list" }, make("table", {}, make("tbody", {}, ...rows))) : make("p", { class: "soft" }, "The machine has no other execution."));
}

/** Save a page that the service makes. */
export async function save(name, query) {
  const { file, text } = await readFile(name, query);
  download(file, text, "text/html");
}
