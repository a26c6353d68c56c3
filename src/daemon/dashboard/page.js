// Puts what sekid says on the page. Which primitive is looked at stands in the address, so that it can be sent to somebody.

import { Changes } from "./changes.js";
import { Detail } from "./detail.js";
import { element, setText } from "./dom.js";
import { Feed } from "./feed.js";
import { kinds, primitivesOf } from "./model.js";
import { Table } from "./table.js";
import { bytes, count } from "./words.js";

const by = (id) => document.getElementById(id);
by("filter-kind").append(...kinds.map((kind) => element("option", { value: kind }, kind)));

let latest = null; // { state, history, all }: the last there was
let gone = false; // there is no segment
let paused = false;

function chosen() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return ""; // an address that was cut off in the middle of a character
  }
}
let asked = false; // by the user, who shall be led there
function choose(id) {
  asked = true;
  location.hash = encodeURIComponent(id);
}
const table = new Table(
  by("primitives"), { name: by("filter-name"), kind: by("filter-kind"), refusing: by("filter-refusing") }, by("nothing"), choose);
const detail = new Detail(by("detail"), () => {
  const id = detail.id;
  choose("");
  table.focus(id);
});
const changes = new Changes(by("log"));

function summarise({ state, all }) {
  const refusing = all.filter((each) => each.verdict.level === "refusing").length;
  setText(by("summary"), refusing === 0 ? `None of ${count(all.length)} refuses` : `${count(refusing)} of ${count(all.length)} refuse`);
  by("summary").classList.toggle("bad", refusing !== 0);
  const { segment, workers } = state;
  setText(
    by("segment"),
    `${segment.path}, ${bytes(segment.used_bytes)} of ${bytes(segment.size_bytes)} in use; ` +
      `${count(workers.processes.length)} processes with ${count(workers.threads)} threads`,
  );
  document.title = refusing === 0 ? "seki" : `(${refusing}) seki`;
}

function showDetail() {
  const of = latest?.all.find((each) => each.id === chosen());
  if (of === undefined) {
    if (detail.id !== null) detail.hide();
  } else {
    if (detail.id !== of.id) detail.open(of, asked);
    asked = false;
    detail.show(of, latest.state, latest.history);
  }
  document.querySelector("main").classList.toggle("with-detail", of !== undefined);
  table.mark(detail.id);
}

// What was there stays to be read, and does not look as if it were still so.
function showGone() {
  setText(by("summary"), "There is no segment: see sekid's log");
  by("summary").classList.add("bad");
  setText(by("segment"), latest === null ? "" : "What stands below is how it was");
  document.title = "(no segment) seki";
}

function show() {
  document.querySelector("main").classList.toggle("stale", gone);
  if (gone) return showGone();
  const start = performance.now();
  summarise(latest);
  table.show(latest.all);
  showDetail();
  performance.clearMeasures("seki.update");
  performance.measure("seki.update", { start });
}

function hear(state, history) {
  gone = state === null;
  if (!gone) {
    latest = { state, history, all: primitivesOf(state, history) };
    changes.hear(latest.all);
  }
  if (!paused) show();
}

by("pause").addEventListener("click", () => {
  paused = !paused;
  by("pause").setAttribute("aria-pressed", String(paused));
  if (!paused && (gone || latest !== null)) show();
});
addEventListener("hashchange", () => latest !== null && showDetail());
addEventListener("keydown", (event) => event.key === "Escape" && detail.id !== null && detail.close());

new Feed(hear, (words, bad) => {
  setText(by("feed"), words);
  by("feed").classList.toggle("bad", bad);
});
