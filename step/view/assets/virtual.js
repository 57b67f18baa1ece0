// A list of any length, of which only the rows in view are elements; one stop of the Tab key, moved in by arrows.

import { make } from "./dom.js";
import { renew } from "./renew.js";

const SPARE = 12;
let lists = 0;

export class VirtualList {
  /**
   * @param draw `draw(index)` makes a row; all are as high as the list's `--row` says
   * @param choose `choose(index)` hears of a click or a key
   * @param open `open(index)` hears of Enter
   * @param end called when the last row comes into view
   * @param head a row that stays at the top: the list is a grid then, in whose rows are cells
   */
  constructor({ draw, choose, label, open = null, end = null, head = null, className = "" }) {
    Object.assign(this, { draw, choose, open, end, count: 0, current: -1, top: 0, shown: 0, height: 26, name: `list-${lists++}`, isGrid: Boolean(head) });
    this.space = make("div", { class: "virtual-space", role: this.isGrid ? "rowgroup" : "presentation" });
    this.element = make("div", {
      class: `virtual ${className}`, tabindex: 0, role: this.isGrid ? "grid" : "listbox", "aria-label": label,
      onclick: (click) => {
        const row = click.target.closest("[data-row]");
        if (row) this.choose(Number(row.dataset.row), click);
      },
      onkeydown: (key) => this.press(key),
    }, head ? make("div", { role: "rowgroup", class: "virtual-head" }, head) : null, this.space);
    this.element.addEventListener("scroll", () => {
      this.top = this.element.scrollTop;
      this.refresh({ isMoved: true });
    }, { passive: true });
    new ResizeObserver(() => this.resize()).observe(this.element);
  }

  // What layout says is asked for here alone: asking elsewhere would make a key wait for it.
  resize() {
    const wasHidden = this.shown === 0;
    this.shown = Math.max(0, this.element.clientHeight - (this.isGrid ? this.element.firstChild.offsetHeight : 0));
    this.top = this.element.scrollTop;
    this.height = parseFloat(getComputedStyle(this.element).getPropertyValue("--row")) || this.height;
    this.space.style.height = `${this.count * this.height}px`;
    if (wasHidden && this.current >= 0) this.show(this.current);
    this.refresh();
  }

  press(key) {
    const page = Math.max(1, Math.floor(this.shown / this.height) - 1);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[key.key];
    if (key.key === "Enter" && this.open && this.current >= 0 && key.target === this.element) this.open(this.current);
    else if (step && this.count) this.choose(Math.max(0, Math.min(this.count - 1, this.current + step)), key);
    else return;
    key.preventDefault();
    key.stopPropagation();
  }

  /** Show so many rows; the current one is in view. */
  set(count, current = -1) {
    if (count !== this.count) this.space.style.height = `${count * this.height}px`;
    this.count = count;
    // The head is a grid's first row.
    if (this.isGrid) this.element.setAttribute("aria-rowcount", count + 1);
    if (current !== this.current && current >= 0) this.show(current);
    this.current = current;
    this.refresh();
  }

  refresh({ isMoved = false } = {}) {
    const from = Math.max(0, Math.floor(this.top / this.height) - SPARE);
    const to = Math.min(this.count, Math.ceil((this.top + this.shown) / this.height) + SPARE);
    const there = isMoved ? new Map([...this.space.children].map((row) => [Number(row.dataset.row), row])) : new Map();
    const rows = [];
    for (let index = from; index < to; index++) rows.push(there.get(index) || this.drawRow(index));
    renew(this.space, rows);
    if (this.current >= from && this.current < to) this.element.setAttribute("aria-activedescendant", `${this.name}-${this.current}`);
    else this.element.removeAttribute("aria-activedescendant");
    if (this.end && to === this.count && this.shown) this.end();
  }

  drawRow(index) {
    const row = this.draw(index);
    row.style.transform = `translateY(${index * this.height}px)`;
    row.dataset.row = row.dataset.key = index;
    row.id = `${this.name}-${index}`;
    const place = this.isGrid ? { role: "row", "aria-rowindex": index + 2 } : { role: "option", "aria-posinset": index + 1, "aria-setsize": this.count };
    for (const [name, value] of Object.entries(place)) row.setAttribute(name, value);
    row.setAttribute("aria-selected", index === this.current);
    row.classList.toggle("is-current", index === this.current);
    return row;
  }

  show(index) {
    const low = index * this.height;
    if (low >= this.top && low + this.height <= this.top + this.shown) return;
    this.top = Math.max(0, Math.min(low - this.shown / 2, this.count * this.height - this.shown));
    this.element.scrollTop = this.top;
  }
}
