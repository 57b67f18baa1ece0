// Answering a task that waits for its token: who holds the token may tell how the work went.

import { act } from "./api.js";
import { announce, button, make, openDialog } from "./dom.js";
import { field, foot } from "./dialogs.js";

const KINDS = [["success", "It succeeded"], ["failure", "It failed"], ["heartbeat", "It is alive"]];

/** Ask for an answer and send it; `token` is the task's, where the history tells it. */
export function openAnswer({ name, token }) {
  const key = make("input", { type: "text", value: token, placeholder: "who does the work was given it", spellcheck: "false", autocomplete: "off", autofocus: !token });
  const output = make("textarea", { rows: 8, spellcheck: "false" });
  output.value = "{}";
  const [error, cause] = [0, 1].map(() => make("input", { type: "text", placeholder: "none" }));
  const parts = { success: [field("Output (JSON)", output)], failure: [field("Error", error), field("Cause", cause)], heartbeat: [make("p", { class: "soft" }, "Its heartbeat's time begins anew; the task waits on.")] };
  const inside = make("div", {});
  let kind = "success";
  const choose = (name) => { kind = name; inside.replaceChildren(...parts[name]); };
  const kinds = make("fieldset", { class: "choices" }, make("legend", {}, "What became of it"), ...KINDS.map(([value, word]) =>
    make("label", {}, make("input", { type: "radio", name: "answer", value, checked: value === kind, autofocus: Boolean(token) && value === kind, onchange: () => choose(value) }), word)));
  choose(kind);
  const send = async () => {
    if (kind === "success") JSON.parse(output.value);
    await act("answer", { token: key.value.trim(), kind, output: output.value, error: error.value, cause: cause.value });
    announce("Answered");
  };
  const dialog = openDialog(`Answer ${name}`, field("Task token", key), kinds, inside, foot(() => dialog, "Send", send));
}
