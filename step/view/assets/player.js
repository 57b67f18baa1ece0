// The slider and its buttons: which event of the history is looked at.

import { make, makeSvg } from "./dom.js";
import { detailsOf, duration, timeOf } from "./words.js";

const PLAY_MS = 350;
const ICONS = {
  first: "M-5-5V5M5-5L-1 0L5 5", back: "M3-5L-3 0L3 5", on: "M-3-5L3 0L-3 5", last: "M5-5V5M-5-5L1 0L-5 5",
  play: "M-3.5-5.5L5 0L-3.5 5.5Z", pause: "M-3-5V5M3-5V5",
};

/** Make the player; `move(position)` goes to an event, `where()` says which one is shown. */
export function makePlayer(move, where) {
  let events = [];
  let timer = null;
  const slider = make("input", { type: "range", min: 0, max: 0, value: 0, "aria-label": "Position in the history" });
  slider.addEventListener("input", () => move(Number(slider.value)));
  const output = make("output", {});
  const step = (name, label, by) => iconButton(name, label, () => move(where() + by));
  const play = iconButton("play", "play", () => toggle());
  const element = make("div", { class: "player", role: "group", "aria-label": "History" },
    step("first", "first event", -Infinity), step("back", "one event back", -1), play, step("on", "one event on", 1), step("last", "last event", Infinity), slider, output);

  function toggle() {
    if (timer) return stop();
    if (where() >= events.length - 1) move(0);
    show("pause");
    timer = setInterval(() => {
      if (where() >= events.length - 1) stop();
      else move(where() + 1);
    }, PLAY_MS);
    return undefined;
  }
  function stop() {
    clearInterval(timer);
    timer = null;
    show("play");
  }
  function show(name) {
    play.replaceChildren(icon(name));
    play.setAttribute("aria-label", name);
  }
  function update(all, position) {
    events = all;
    slider.max = Math.max(0, events.length - 1);
    slider.value = position;
    const event = events[position];
    const text = event ? `${event.id}/${events.length} ${event.type} ${detailsOf(event).name || ""}`.trim() : "no events yet";
    slider.setAttribute("aria-valuetext", text);
    output.replaceChildren(text, event ? make("span", { class: "soft" }, ` +${duration(timeOf(event) - timeOf(events[0]))}`) : "");
  }
  return { element, update, toggle };
}

const icon = (name) => makeSvg("svg", { class: "icon", viewBox: "-8 -8 16 16", "aria-hidden": "true" }, makeSvg("path", { class: name === "play" ? "is-solid" : "", d: ICONS[name] }));
const iconButton = (name, label, onclick) => make("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick }, icon(name));
