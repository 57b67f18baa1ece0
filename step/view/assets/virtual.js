// A list of any length, of which only the rows in view are elements; one stop of the Tab key, moved in by arrows.

import { make } from "./dom.js";

const SPARE = 12;
let lists = 0;

export class VirtualList {
  /** `draw(index)` makes a row, all are `height` pixels high; `choose(index)` hears of a click or an arrow key. */
  constructor({ height, draw, choose, label, className = "" }) {
    Object.assign(this, { height, draw, choose, count: 0, current: -1, name: `list-${lists++}` });
    this.space = make("div", { class: "virtual-space", role: "presentation" });
    this.element = make("div", {
      class: `virtual ${className}`, tabindex: 0, role: "listbox", "aria-label": label,
      onclick: (click) => {
        const row = click.target.closest("[data-row]");
        if (row) this.choose(Number(row.dataset.row));
      },
      onkeydown: (key) => this.press(key),
    }, this.space);
    this.element.addEventListener("scroll", () => this.refresh(), { passive: true });
    new ResizeObserver(() => this.refresh()).observe(this.element);
  }

  press(key) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[key.key];
    if (!step || !this.count) return;
    key.preventDefault();
    this.choose(Math.max(0, Math.min(this.count - 1, this.current + step)));
  }

  /** Show so many rows; the current one is in view. */
  set(count, current = -1) {
    this.count = count;
    this.space.style.height = `${count * this.height}px`;
    if (current !== this.current && current >= 0) this.show(current);
    this.current = current;
    this.refresh();
  }

  refresh() {
    const top = this.element.scrollTop;
    const shown = this.element.clientHeight || 400;
    const from = Math.max(0, Math.floor(top / this.height) - SPARE);
    const to = Math.min(this.count, Math.ceil((top + shown) / this.height) + SPARE);
    const rows = [];
    for (let index = from; index < to; index++) {
      const row = this.draw(index);
      row.style.transform = `translateY(${index * this.height}px)`;
      row.style.height = `${this.height}px`;
      row.dataset.row = index;
      for (const [name, value] of Object.entries({ role: "option", id: `${this.name}-${index}`,
        "aria-posinset": index + 1, "aria-setsize": this.count, "aria-selected": index === this.current }))
        row.setAttribute(name, value);
      row.classList.toggle("is-current", index === this.current);
      rows.push(row);
    }
    this.space.replaceChildren(...rows);
    if (this.current >= from && this.current < to) this.element.setAttribute("aria-activedescendant", `${this.name}-${this.current}`);
    else this.element.removeAttribute("aria-activedescendant");
  }

  show(index) {
    const top = index * this.height;
    const { scrollTop, clientHeight } = this.element;
    if (top < scrollTop || top + this.height > scrollTop + clientHeight)
      this.element.scrollTop = Math.max(0, top - clientHeight / 2);
  }
}
