// What can be done to executions: dialogs that ask before they tell the service.

import { act, link, read, ServiceError } from "./api.js";
import { announce, button, make, openDialog, statusBadge } from "./dom.js";
import { clock, pretty } from "./words.js";

const field = (label, input) => make("label", { class: "field" }, make("span", {}, label), input);

// A dialog's foot: what went wrong, and the button that does it.
function foot(dialog, label, run, kind = "primary") {
  const mistake = make("span", { class: "mistake", role: "alert" });
  const go = button(label, async () => {
    go.disabled = true;
    mistake.textContent = "";
    try {
      await run();
      dialog().close();
    } catch (error) {
      if (!(error instanceof ServiceError) && !(error instanceof SyntaxError)) throw error;
      mistake.textContent = error.message;
    } finally {
      go.disabled = false;
    }
  }, { class: kind });
  return make("div", { class: "dialog-foot" }, mistake, go);
}

export function openStart(machine, name, input) {
  const text = make("textarea", { rows: 14, spellcheck: "false", autofocus: true });
  text.value = pretty(input);
  const called = make("input", { type: "text", placeholder: "made by the service", maxlength: 80, spellcheck: "false" });
  const run = async () => {
    JSON.parse(text.value);
    const { arn } = await act("start", { machine, input: text.value, name: called.value.trim() });
    location.href = link("execution", { arn });
  };
  const dialog = openDialog(`Start ${name}`, field("Input (JSON)", text), field("Name", called), foot(() => dialog, "Start", run));
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
