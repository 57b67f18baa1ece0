// Where somebody looks, in the address: an event, a state, a tab. Behind the `#`, so that it works in a file too.

// Browsers refuse too many changes of an address in a row.
const SETTLED_MS = 250;
let timer = null;

/** Read the address: ids of the chosen event and of the event with which the chosen state was entered, and a tab. */
export function readPlace() {
  const words = new URLSearchParams(location.hash.slice(1));
  const id = (name) => Number(words.get(name)) || null;
  return { event: id("event"), state: id("state"), tab: words.get("tab") };
}

/** The whole address of a place. */
export function linkTo(place) {
  const words = Object.entries(place).filter(([, value]) => value !== null && value !== undefined);
  const hash = String(new URLSearchParams(words));
  return location.href.replace(/#.*/, "") + (hash ? `#${hash}` : "");
}

/** Let the address say a place, once nothing has changed for a moment. */
export function showPlace(place) {
  clearTimeout(timer);
  timer = setTimeout(() => history.replaceState(history.state, "", linkTo(place)), SETTLED_MS);
}

/** Hear of addresses that somebody typed or went back to. */
export const hearPlace = (go) => window.addEventListener("hashchange", () => {
  clearTimeout(timer);
  go(readPlace());
});
