// All that there is about one primitive. Numbers stand in <data>, whose value is the very one of /api/v1/state and whose data-of says where it is there.

import { chartOf, isDrawn } from "./chart.js";
import { element, named, setText, tableOf } from "./dom.js";
import { holdersOf } from "./model.js";
import { count, lasting, percent, span, time, title, value } from "./words.js";

const at = (its, path) => path.split(".").reduce((from, name) => from?.[name], its);

function datum(its, path, text = null) {
  const what = at(its, path);
  return element("data", { value: String(what), "data-of": path }, text ?? value(path.split(".").at(-1), what));
}

// What a kind has beside its counters and options.
const facts = {
  limiter: ["keys", "keys_max"],
  breaker: ["state", "state_seconds", "retry_after_seconds", "reopened", "probes.under_way", "probes.ok"],
  bulkhead: ["in_use", "max_concurrent", "waiting"],
  adaptive: ["in_use", "limit", "waiting", "usual_latency_seconds", "probing"],
  shedder: ["in_flight", "max_in_flight", "dropping"],
  retry: ["budget.left"],
  hedge: ["delay_seconds", "measured", "budget.left"],
  policy: [],
};

function list(its, paths) {
  return element("dl", {}, ...paths.map((path) => element("div", {}, element("dt", {}, title(path.replace("counters.", "").replace("options.", "").replace(".", " "))), element("dd", {}, datum(its, path)))));
}

const pathsIn = (its, name) => Object.entries(its[name] ?? {}).flatMap(([each, what]) => (Array.isArray(what) ? what.map((_, i) => `${name}.${each}.${i}`) : [`${name}.${each}`]));

function grown(tag, attributes, share) {
  const made = element(tag, attributes);
  made.style.flexGrow = share;
  return made;
}

function bar(label, parts, marks = []) {
  const made = element("div", { class: "bar", role: "img", "aria-label": label }, ...parts.map(([name, share]) => grown("span", { class: name }, share)));
  for (const where of marks) {
    const mark = element("span", { class: "mark" });
    mark.style.left = `${where}%`;
    made.append(mark);
  }
  return made;
}

// The calls that a breaker judges by, from the left those that failed, and where it opens.
function windowOf(its) {
  const { calls, errors, slow } = its.window;
  const ok = Math.max(0, calls - errors - slow);
  const size = its.options.window_calls === null ? `the last ${span(its.options.window_seconds)}` : `the last ${count(its.options.window_calls)} calls`;
  const label = `${count(calls)} calls: ${count(errors)} failed, ${count(slow)} slow, ${count(ok)} ok; opens where ${its.options.failure_threshold} % have failed`;
  return [
    element("h3", {}, `Window: ${size}`),
    bar(label, calls === 0 ? [] : [["error", errors], ["slow", slow], ["ok", ok]], [its.options.failure_threshold]),
    calls === 0 && its.state !== "closed" ? element("p", { class: "soft" }, "It is empty until calls are let in again; what came before is in the lines below.") : null,
    element(
      "p", {}, datum(its, "window.calls"), " calls, judged from ", datum(its, "options.minimum_calls"), ": ",
      datum(its, "window.errors"), " failed (", datum(its, "window.failure_ratio", percent(its.window.failure_ratio)), ", opens at ", datum(its, "options.failure_threshold"), "\u00a0%), ",
      datum(its, "window.slow"), " were slow (", datum(its, "window.slow_ratio", percent(its.window.slow_ratio)), "; with the failed ones, opens at ", datum(its, "options.slow_call_threshold"), "\u00a0%)",
    ),
  ];
}

function usedOf(used, limit) {
  const share = Math.min(used, limit);
  return [bar(`${count(used)} of ${count(limit)} in use`, [[used < limit ? "used" : "error", share], ["free", Math.max(limit - share, used === 0 ? 1 : 0)]])];
}

function keysOf(its) {
  const shown = (key) => (key.key === null ? element("span", { class: "soft" }, key.tag) : element("span", {}, named(key.key), key.whole ? null : "…"));
  const rows = its.most_denied.map((key) => [shown(key), `about ${count(key.denied_estimate)}`, `about ${count(key.allowed_estimate)}`, `${count(key.remaining)} of ${count(key.limit)}`, span(key.reset_after_seconds)]);
  return [
    element("h3", {}, "Whom it denied most"),
    rows.length === 0 ? element("p", {}, "Nobody of late, as far as samples tell.") : tableOf("Keys that were denied most, from samples", ["Key", "#Denied", "~Allowed", "#Left", "~Until reset"], rows),
  ];
}

function holders(state, of) {
  const all = holdersOf(state, of);
  const probes = of.kind === "breaker";
  if (probes && all.length === 0) return [];
  const rows = all.map(({ process, has }) => [String(process.pid), named(process.command), process.state, ...(probes ? [count(has.probes)] : [count(has.permits), count(has.waiting)])]);
  return [
    element("h3", {}, probes ? "Who probes" : "Who holds its permits"),
    rows.length === 0 ? element("p", {}, "Nobody.") : tableOf("Processes", ["Process", "Command", "It is", ...(probes ? ["#Probes"] : ["#Permits", "#Waiting"])], rows),
  ];
}

function missingFrom(its) {
  if (its.missing.length === 0) return [];
  const parts = its.missing.map((part, i) => element("li", {}, datum(its, `missing.${i}`, named(part))));
  return [element("h3", {}, "There is none of these"), element("ul", {}, ...parts)];
}

const middles = {
  limiter: (of) => keysOf(of.its),
  breaker: (of, state) => [...windowOf(of.its), ...holders(state, of)],
  bulkhead: (of, state) => [...usedOf(of.its.in_use, of.its.max_concurrent), ...holders(state, of)],
  adaptive: (of, state) => [...usedOf(of.its.in_use, of.its.limit), ...holders(state, of)],
  shedder: (of, state) => [...usedOf(of.its.in_flight, of.its.max_in_flight), ...holders(state, of)],
  policy: (of) => missingFrom(of.its),
};

function sentence(of) {
  if (of.kind === "policy" && of.verdict.level === "refusing") return "Nobody gets through until all its parts are made.";
  if (of.since === null) return of.verdict.level === "nothing" ? "It puts others together." : "It refused nobody of late.";
  const word = of.kind === "breaker" ? of.verdict.word : "refusing";
  return `${word} since ${time(of.since, of.now)}, ${lasting(of.now - of.since)}`;
}

export class Detail {
  constructor(where, close) {
    this.where = where;
    this.close = close;
    this.id = null;
    this.chart = null;
    this.loading = null; // the one whose history was asked for
  }

  hide() {
    this.chart?.end();
    this.chart = this.id = null;
    this.where.replaceChildren();
    this.where.hidden = true;
  }

  // A frame for this one; what changes each second is put into its places by show(). The focus goes there when it was asked for.
  open(of, focus) {
    this.hide();
    this.id = of.id;
    this.badge = element("span", { class: "badge" });
    this.since = element("p");
    this.middle = element("div");
    this.drawn = element("div");
    this.numbers = element("div");
    const title = element("h2", { id: "detail-title", tabindex: "-1" }, named(of.name), " ", element("span", { class: "kind" }, of.kind));
    const close = element("button", { type: "button", class: "close" }, "Close");
    close.addEventListener("click", () => this.close());
    this.where.replaceChildren(element("div", { class: "top" }, title, this.badge, close), this.since, this.middle, this.drawn, this.numbers);
    this.where.hidden = false;
    if (focus) title.focus();
  }

  // Tried again each second while there is none. One that was just made has no history yet, and none is asked for.
  async load(of) {
    if (this.loading === of.id) return;
    this.loading = of.id;
    const answer = await fetch(`/api/v1/history?kind=${of.kind}&name=${encodeURIComponent(of.name)}`).catch(() => null);
    if (this.loading === of.id) this.loading = null;
    if (this.id !== of.id || answer === null || !answer.ok) return;
    const past = await answer.json();
    if (this.id !== of.id) return;
    this.chart?.end();
    const { elements, begin } = chartOf(past, of.kind);
    this.drawn.replaceChildren(element("h3", {}, "The last quarter of an hour"), ...elements);
    this.chart = begin();
  }

  show(of, state, history) {
    this.badge.className = `badge ${of.verdict.level}`;
    setText(this.badge, of.verdict.word);
    setText(this.since, sentence(of));
    this.middle.replaceChildren(...(middles[of.kind]?.(of, state) ?? []).filter((part) => part !== null));
    this.numbers.replaceChildren(
      ...(facts[of.kind].length === 0 ? [] : [element("h3", {}, "Now"), list(of.its, facts[of.kind])]),
      ...(of.its.counters === undefined ? [] : [element("h3", {}, "Since it was made"), list(of.its, pathsIn(of.its, "counters"))]),
      element("h3", {}, "Options in force"), list(of.its, pathsIn(of.its, "options")),
    );
    if (isDrawn(of.kind) && of.last !== null && !(this.chart?.append(history.number, history.at_unix_seconds, of.last) ?? false)) this.load(of);
  }
}
