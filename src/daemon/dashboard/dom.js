// Elements and texts. Nothing here takes markup: what is shown is a text, whatever it holds.

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") made.className = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// A name or a key: whatever its writing direction, it turns nothing around it.
export const named = (text) => element("bdi", {}, text);

export function setText(where, text) {
  if (where.textContent !== text) where.textContent = text;
}

export function setClass(where, name, on) {
  if (where.classList.contains(name) !== on) where.classList.toggle(name, on);
}

// A table of rows of children, under heads; a head that begins with # is of numbers, one with ~ of such as a phone has no room for.
export function tableOf(caption, heads, rows) {
  const side = (text) => ({ "#": "number", "~": "number wide" })[text[0]] ?? null;
  return element(
    "table", {},
    element("caption", { class: "unseen" }, caption),
    element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col", class: side(head) }, head.replace(/^[#~]/, ""))))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((cell, i) => element("td", { class: side(heads[i]) }, cell))))),
  );
}
