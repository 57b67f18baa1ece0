// The lists: machines, and executions with their filters, kept up to date.

import { follow, link, read } from "./api.js";
import { announce, button, make, sign, statusBadge } from "./dom.js";
import { openStart } from "./actions.js";
import { clock, duration, momentOf, plural, utc } from "./words.js";

const STATUSES = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE"];
const PAGE = 50;
const TYPING_MS = 250;

export function showMachines(root, frame) {
  const filter = make("input", { type: "search", placeholder: "Filter by name", "aria-label": "Filter machines", class: "filter", "aria-keyshortcuts": "/" });
  const body = make("tbody");
  const note = make("p", { class: "soft empty", role: "status" });
  let machines = [];
  const draw = () => {
    const wanted = machines.filter((machine) => machine.name.toLowerCase().includes(filter.value.trim().toLowerCase()));
    note.textContent = machines.length ? (wanted.length ? "" : "No machine has such a name.") : "There are no machines yet. Create one with boto3, the AWS CLI or Terraform.";
    body.replaceChildren(...wanted.map((machine) => make("tr", {},
      make("td", {}, make("a", { href: link("executions", { machine: machine.arn }), class: "strong" }, machine.name)),
      make("td", { class: "soft" }, machine.type.toLowerCase()), make("td", { class: "soft", title: utc(machine.created) }, clock(machine.created)),
      make("td", { class: "end" }, frame.canAct ? button("Start…", () => openStart(machine.arn, machine.name, "{}")) : null))));
  };
  filter.addEventListener("input", draw);
  root.replaceChildren(make("div", { class: "page" }, make("div", { class: "page-head" }, make("h1", {}, "Machines"), filter),
    make("table", { class: "list" }, make("thead", {}, make("tr", {}, ...["Name", "Type", "Created", ""].map((name) => make("th", { scope: "col" }, name)))), body), note));
  follow({}, async () => {
    ({ machines } = await read("machines"));
    draw();
  }, frame.standing);
  return { press: (key) => key.key === "/" && (filter.focus(), true) };
}

export function showExecutions(root, frame, query) {
  const state = { machine: query.get("machine") || "", status: query.get("status") || "", search: query.get("search") || "", limit: PAGE, rows: [] };
  const chosen = new Map();
  const search = make("input", { type: "search", value: state.search, placeholder: "Search names and inputs", "aria-label": "Search names and inputs", class: "filter", "aria-keyshortcuts": "/" });
  const status = make("select", { "aria-label": "Status" }, make("option", { value: "" }, "any status"), STATUSES.map((one) => make("option", { value: one, selected: one === state.status }, one.toLowerCase().replaceAll("_", " "))));
  const machine = make("select", { "aria-label": "Machine" }, make("option", { value: "" }, "all machines"));
  if (state.machine.includes(":mapRun:")) machine.append(make("option", { value: state.machine, selected: true }, "children of a Map Run"));
  const compare = button("Compare", () => { location.href = link("compare", { a: [...chosen.keys()][0], b: [...chosen.keys()][1] }); }, { disabled: true, title: "choose two executions" });
  const more = button("Show more", () => { state.limit += 2 * PAGE; load(); }, { hidden: true });
  const note = make("p", { class: "soft empty", role: "status" });
  const body = make("tbody");

  function draw(answer) {
    const rows = answer.executions;
    body.replaceChildren(...rows.map(drawRow));
    more.hidden = !answer.more;
    note.textContent = rows.length === 0 ? (state.search || state.status || state.machine ? "No execution fits." : "Nothing has run yet.") : "";
    if (answer.searched) note.textContent += ` The search looked at the newest ${answer.searched.toLocaleString("en")}.`;
    if (answer.inputs_read) note.textContent += ` Inputs were read of the newest ${answer.inputs_read.toLocaleString("en")}.`;
  }
  function drawRow(row) {
    const box = make("input", { type: "checkbox", "aria-label": `compare ${row.name}`, checked: chosen.has(row.arn) });
    box.addEventListener("change", () => {
      if (box.checked) chosen.set(row.arn, row);
      else chosen.delete(row.arn);
      if (chosen.size > 2) chosen.delete([...chosen.keys()][0]);
      for (const other of body.querySelectorAll("input[type=checkbox]")) other.checked = chosen.has(other.value);
      compare.disabled = chosen.size !== 2;
    });
    box.value = row.arn;
    const end = row.stopped ? momentOf(row.stopped) : null;
    return make("tr", {}, make("td", {}, box), make("td", {}, make("a", { href: link("execution", { arn: row.arn }), class: "strong" }, row.name)),
      make("td", {}, statusBadge(row.status), row.redrives ? make("span", { class: "soft" }, ` redriven ${plural(row.redrives, "time")}`) : null),
      make("td", {}, make("a", { href: link("executions", { machine: row.machine_arn }) }, row.machine)), make("td", { class: "soft", title: utc(row.started) }, clock(row.started)),
      make("td", { class: "number soft" }, end === null ? "" : duration(end - momentOf(row.started))));
  }
  let asked = 0;
  async function load() {
    const number = ++asked;
    history.replaceState(null, "", link("executions", { machine: state.machine, status: state.status, search: state.search }));
    const { machine: of, status: one, search: text, limit } = state;
    const answer = await read("executions", { machine: of, status: one, search: text, limit });
    if (number === asked) draw(answer);
  }
  const change = (name, value) => { state[name] = value; state.limit = PAGE; load().catch((error) => frame.standing(false, error.message)); };
  status.addEventListener("input", () => change("status", status.value));
  machine.addEventListener("input", () => change("machine", machine.value));
  search.addEventListener("input", () => { clearTimeout(search.timer); search.timer = setTimeout(() => change("search", search.value.trim()), TYPING_MS); });

  const start = frame.canAct ? button("Start…", () => {
    if (!machine.value) announce("Choose a machine first");
    else openStart(machine.value, machine.selectedOptions[0].textContent, "{}");
  }, { class: "primary" }) : null;
  root.replaceChildren(make("div", { class: "page" },
    make("div", { class: "page-head" }, make("h1", {}, "Executions"), search, machine, status, make("span", { class: "space" }), compare, start),
    make("table", { class: "list" }, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, sign("waiting", "compare")), ...["Name", "Status", "Machine", "Started"].map((name) => make("th", { scope: "col" }, name)), make("th", { scope: "col", class: "number" }, "Took"))), body),
    note, make("div", { class: "more" }, more)));
  read("machines").then(({ machines }) => machine.append(...machines.map((one) => make("option", { value: one.arn, selected: one.arn === state.machine }, one.name)))).catch(() => {});
  follow({}, load, frame.standing);
  return { press: (key) => key.key === "/" && (search.focus(), true) };
}
