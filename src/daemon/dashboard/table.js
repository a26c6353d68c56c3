// The list of all primitives. A row stays the same elements for as long as its primitive is there, so that whoever reads or focuses one keeps it; each
// second only texts that changed are set.

import { element, named, setClass, setText } from "./dom.js";
import { count, lasting, time } from "./words.js";

export class Table {
  constructor(table, filter, nothing, choose) {
    this.body = table.tBodies[0];
    this.filter = filter;
    this.nothing = nothing;
    this.choose = choose;
    this.rows = new Map();
    this.shown = [];
    for (const each of Object.values(filter)) each.addEventListener("input", () => this.sift());
    filter.name.form.addEventListener("submit", (event) => event.preventDefault());
  }

  row(of) {
    const button = element("button", { type: "button", "aria-expanded": "false", "aria-controls": "detail" }, named(of.name));
    button.addEventListener("click", () => this.choose(of.id));
    const cells = {
      state: element("span", { class: "badge" }),
      letIn: element("td", { class: "number wide" }),
      refused: element("td", { class: "number" }),
      since: element("td", { class: "since" }),
      brief: element("td", { class: "wide" }),
    };
    const line = element(
      "tr", { "data-id": of.id },
      element("td", {}, cells.state),
      element("th", { scope: "row" }, button, " ", element("span", { class: "kind" }, of.kind)),
      cells.letIn, cells.refused, cells.since, cells.brief,
    );
    return { line, button, cells, of };
  }

  fill(row, of) {
    if (row.of.verdict.level !== of.verdict.level) row.line.remove(); // to another place, while all others stay in theirs
    row.of = of;
    for (const level of ["refusing", "warning", "nothing"]) setClass(row.line, level, of.verdict.level === level);
    setText(row.cells.state, of.verdict.word);
    setText(row.cells.letIn, of.letIn === null ? "–" : count(of.letIn));
    setText(row.cells.refused, of.refused === null ? "–" : count(of.refused));
    setText(row.cells.since, of.since === null ? "–" : `${time(of.since, of.now)} (${lasting(of.now - of.since)})`);
    setText(row.cells.brief, of.brief);
  }

  show(all) {
    const focused = document.activeElement;
    const gone = new Set(this.rows.keys());
    const lines = [];
    for (const of of all) {
      gone.delete(of.id);
      let row = this.rows.get(of.id);
      if (row === undefined) this.rows.set(of.id, (row = this.row(of)));
      this.fill(row, of);
      lines.push(row.line);
    }
    for (const id of gone) {
      this.rows.get(id).line.remove();
      this.rows.delete(id);
    }
    this.order(lines);
    if (focused !== document.activeElement && this.body.contains(focused)) focused.focus({ preventScroll: true });
    this.sift();
  }

  // Moves no row that is in its place.
  order(lines) {
    for (let i = 0; i < lines.length; ++i) {
      if (this.body.children[i] !== lines[i]) this.body.insertBefore(lines[i], this.body.children[i] ?? null);
    }
  }

  sift() {
    const { name, kind, refusing } = this.filter;
    const wanted = name.value.trim().toLowerCase();
    let left = 0;
    for (const { line, of } of this.rows.values()) {
      const shown =
        (wanted === "" || of.name.toLowerCase().includes(wanted)) &&
        (kind.value === "" || kind.value === of.kind) &&
        (!refusing.checked || of.verdict.level === "refusing");
      if (line.hidden === shown) line.hidden = !shown;
      left += shown ? 1 : 0;
    }
    this.nothing.hidden = left !== 0 || this.rows.size === 0;
  }

  mark(id) {
    for (const [each, { button }] of this.rows) {
      const expanded = String(each === id);
      if (button.getAttribute("aria-expanded") !== expanded) button.setAttribute("aria-expanded", expanded);
    }
  }

  focus(id) {
    this.rows.get(id)?.button.focus();
  }
}
