// Parts of dialogs that ask before they tell the service something.

import { ServiceError } from "./api.js";
import { button, make } from "./dom.js";

export const field = (label, input) => make("label", { class: "field" }, make("span", {}, label), input);

/** A dialog's foot: what went wrong, and the button that does it. */
export function foot(dialog, label, run, kind = "primary") {
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
