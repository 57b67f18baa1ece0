// Showing anew what has changed, in the elements that stand there already: whoever reads, selects or has the focus
// there isn't disturbed.

const HANDLERS = ["onclick", "oninput", "onchange", "onkeydown", "ontoggle", "onsubmit"];

const isShown = (child) => child !== null && child !== undefined && child !== false;
const keyOf = (node) => node.dataset?.key;
const isAlike = (old, next) => old.nodeName === next.nodeName && old.id === next.id && old.says === next.says && keyOf(old) === keyOf(next);

/**
 * Show children in an element, each in the element that showed the like of it before: the one with the same
 * `data-key`, or else the one in its place. An element with `says` draws its inside when it is first shown, and keeps
 * it as long as it says the same: `says` is a text, `draw` fills the element.
 */
export function renew(parent, ...children) {
  const nodes = children.flat().filter(isShown).map((child) => (child instanceof Node ? child : document.createTextNode(child)));
  const keyed = new Map();
  const wanted = new Set(nodes.map(keyOf));
  for (const old of [...parent.children]) {
    if (!keyOf(old)) continue;
    if (wanted.has(keyOf(old)) || nodes.includes(old)) keyed.set(keyOf(old), old);
    else old.remove();
  }
  let at = parent.firstChild;
  for (const node of nodes) {
    const like = node.parentNode === parent ? node : keyOf(node) ? keyed.get(keyOf(node)) : at;
    const stays = like && (like === node || isAlike(like, node)) ? like : null;
    if (stays) become(stays, node);
    else wake(node);
    const shown = stays || node;
    if (shown === at) at = at.nextSibling;
    else parent.insertBefore(shown, at);
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

function become(old, next) {
  if (old === next) return;
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of [...next.attributes]) {
    if (old.getAttribute(name) === value) continue;
    // The policy forbids a style in markup, which includes this attribute.
    if (name === "style") old.style.cssText = next.style.cssText;
    else old.setAttribute(name, value);
  }
  for (const name of HANDLERS) if (old[name] !== next[name]) old[name] = next[name];
  if (old.nodeName === "INPUT" && old !== document.activeElement) Object.assign(old, { value: next.value, checked: next.checked });
  if (next.says === undefined) renew(old, ...next.childNodes);
}

function wake(node) {
  if (node.nodeType === Node.TEXT_NODE) return;
  for (const one of [node, ...node.querySelectorAll("[data-late]")]) {
    if (!one.draw) continue;
    one.draw();
    delete one.draw;
  }
}
