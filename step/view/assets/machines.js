// The list of machines, kept up to date.

import { openStart } from "./actions.js";
import { follow, link, read } from "./api.js";
import { button, make } from "./dom.js";
import { renew } from "./renew.js";
import { clock, utc } from "./words.js";

export function showMachines(root, frame) {
  const filter = make("input", { type: "search", placeholder: "Filter by name", "aria-label": "Filter machines", class: "filter", "aria-keyshortcuts": "/", oninput: () => draw() });
  const body = make("tbody");
  const note = make("p", { class: "soft empty", role: "status" });
  let machines = [];
  const draw = () => {
    const wanted = machines.filter((machine) => machine.name.toLowerCase().includes(filter.value.trim().toLowerCase()));
    note.textContent = machines.length ? (wanted.length ? "" : "No machine has such a name.") : "There are no machines yet. Create one with boto3, the AWS CLI or Terraform.";
    renew(body, wanted.map((machine) => make("tr", { "data-key": machine.arn },
      make("th", { scope: "row" }, make("a", { href: link("executions", { machine: machine.arn }), class: "strong" }, machine.name)),
      make("td", { class: "soft" }, machine.type.toLowerCase()), make("td", { class: "soft", title: utc(machine.created) }, clock(machine.created)),
      frame.canAct ? make("td", { class: "end" }, button("Start…", () => openStart([machine]), { "aria-label": `Start ${machine.name}…` })) : null)));
  };
  const columns = ["Name", "Type", "Created", ...(frame.canAct ? ["Act"] : [])];
  root.replaceChildren(make("div", { class: "page" }, make("div", { class: "page-head" }, make("h1", {}, "Machines"), filter),
    make("table", { class: "list" }, make("thead", {}, make("tr", {}, ...columns.map((name) => make("th", { scope: "col" }, name === "Act" ? make("span", { class: "away" }, name) : name)))), body), note));
  follow({}, async () => {
    ({ machines } = await read("machines"));
    draw();
  }, frame.standing);
  return { press: (key) => key.key === "/" && (filter.focus(), true) };
}
