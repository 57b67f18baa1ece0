// The token of a service that wants one: where a page has it from, and how it shows it.
//
// It comes behind the `#` of an address, which browsers send to nobody, and is kept for this tab. A cookie would go to
// every port of this machine.

import { button, make, openDialog } from "./dom.js";

const KEY = "step-token";
const NEIGHBOURS_MS = 200;
const neighbours = new BroadcastChannel(KEY);
let token = sessionStorage.getItem(KEY) || "";
let asking = null;

function keep(text) {
  token = text;
  sessionStorage.setItem(KEY, text);
}

const words = new URLSearchParams(location.hash.slice(1));
if (words.has("token")) {
  keep(words.get("token"));
  words.delete("token");
  history.replaceState(null, "", location.pathname + location.search + (words.size ? `#${words}` : ""));
}

// Another tab of this very address may have it: a link was opened in a new one.
neighbours.addEventListener("message", ({ data }) => {
  if (data.wanted && token) neighbours.postMessage({ token });
});

const askNeighbours = (refused) => new Promise((answer) => {
  const hear = ({ data }) => data.token && data.token !== refused && finish(data.token);
  const finish = (found) => {
    neighbours.removeEventListener("message", hear);
    answer(found);
  };
  neighbours.addEventListener("message", hear);
  neighbours.postMessage({ wanted: true });
  setTimeout(finish, NEIGHBOURS_MS, "");
});

const askPerson = () => new Promise((answer) => {
  const input = make("input", { type: "password", autocomplete: "off", autofocus: true });
  const form = make("form", { onsubmit: (event) => { event.preventDefault(); dialog.close(); } },
    make("label", { class: "field" }, make("span", {}, "Token"), input), make("div", { class: "dialog-foot" }, button("Show it", () => form.requestSubmit(), { class: "primary" })));
  const dialog = openDialog("This service wants its token", form);
  dialog.addEventListener("close", () => answer(input.value));
});

/** Send with the token, `send(headers)`; where it is refused ask for another one, all that wait together. */
export async function showToken(send) {
  const shown = token;
  const response = await send(shown ? { "X-Step-Token": shown } : {});
  if (response.status !== 401) return response;
  if (token === shown) {
    asking ||= askNeighbours(shown).then((found) => found || askPerson()).finally(() => { asking = null; });
    const found = await asking;
    if (!found) return response;
    keep(found);
  }
  return showToken(send);
}
