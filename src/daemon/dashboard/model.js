// From what sekid answers to what a person asks: does it refuse, since when, and how near is it.

import { count, percent, span } from "./words.js";

const lists = {
  limiters: "limiter", breakers: "breaker", bulkheads: "bulkhead", adaptives: "adaptive",
  shedders: "shedder", retries: "retry", hedges: "hedge", policies: "policy",
};
export const kinds = Object.values(lists);

const sum = (last, ...names) => names.reduce((all, name) => all + (last?.[name] ?? 0), 0);

// What stands in the history as let in and as refused.
const letIn = {
  limiter: ["allowed", "shadow_denied"], breaker: ["ok", "error", "slow", "ignored"], bulkhead: ["acquired"], adaptive: ["acquired"],
  shedder: ["admitted"], retry: ["calls"], hedge: ["calls"], policy: [],
};
const refused = {
  limiter: ["denied"], breaker: ["rejected"], bulkhead: ["rejected"], adaptive: ["rejected"],
  shedder: ["shed"], retry: ["budget_denied"], hedge: ["budget_denied"], policy: [],
};

const refusing = (word) => ({ level: "refusing", word });
const warning = (word) => ({ level: "warning", word });
const fine = (word) => ({ level: "fine", word });

const permits = (inUse, limit, isRefusing) => {
  if (isRefusing) return refusing("rejecting");
  return inUse >= limit ? warning("full") : fine("free");
};

const verdicts = {
  limiter(its, isRefusing, last) {
    if (isRefusing) return refusing("denying");
    if (its.options.mode === "off") return warning("off");
    return last?.shadow_denied > 0 ? warning("would deny") : fine("allowing");
  },
  breaker(its) {
    const words = { open: refusing("open"), forced_open: refusing("forced open"), closed: fine("closed") };
    return words[its.state] ?? warning(its.state.replaceAll("_", " "));
  },
  bulkhead: (its, isRefusing) => permits(its.in_use, its.max_concurrent, isRefusing),
  adaptive: (its, isRefusing) => permits(its.in_use, its.limit, isRefusing),
  shedder: (its, isRefusing) => (isRefusing ? refusing("shedding") : its.dropping ? warning("dropping") : fine("admitting")),
  retry: (its, isRefusing) => (isRefusing ? refusing("budget spent") : fine("retrying")),
  hedge: (its, isRefusing) => (isRefusing ? warning("budget spent") : fine("hedging")),
  policy: (its) => (its.missing.length === 0 ? { level: "nothing", word: "complete" } : refusing("incomplete")), // nobody gets through
};

const briefs = {
  limiter: (its) => `${count(its.options.limit)} in ${span(its.options.window_seconds)}; ${count(its.keys)} of ${count(its.keys_max)} keys`,
  breaker(its) {
    const window = `${count(its.window.calls)} calls: ${percent(its.window.failure_ratio)} failed, opens at ${its.options.failure_threshold} %`;
    return its.state === "open" ? `${window}; a probe in ${span(Math.ceil(its.retry_after_seconds ?? 0))}` : window;
  },
  bulkhead: (its) => `${count(its.in_use)} of ${count(its.max_concurrent)} permits; ${count(its.waiting)} wait`,
  adaptive: (its) => `${count(its.in_use)} of ${count(its.limit)} now; ${count(its.waiting)} wait`,
  shedder: (its) => `${count(its.in_flight)} of ${count(its.max_in_flight)} in flight`,
  retry: (its) => `${count(its.budget.left)} left in the budget`,
  hedge: (its) => `after ${span(its.delay_seconds)}; ${count(its.budget.left)} left in the budget`,
  policy(its) {
    const parts = kinds.filter((kind) => its.options[kind]).map((kind) => `${kind} ${its.options[kind]}`).join(", ");
    return its.missing.length === 0 ? parts : `${parts}; there is no ${its.missing.join(", no ")}`;
  },
};

// A time that is reckoned each second from how long it was ago wavers: the first reckoning stands while it is the same state.
const begun = new Map();
function steady(id, word, since) {
  const before = begun.get(id);
  if (before !== undefined && before.word === word && Math.abs(before.since - since) < 2) return before.since;
  begun.set(id, { word, since });
  return since;
}

export const idOf = (kind, name) => `${kind}/${name}`;

function describe(kind, its, past, now) {
  const isRefusing = past?.refusing_since_unix_seconds !== null && past?.refusing_since_unix_seconds !== undefined;
  const last = past?.last ?? null;
  const verdict = verdicts[kind](its, isRefusing, last);
  let since = null;
  if (kind === "breaker") since = steady(idOf(kind, its.name), its.state, now - its.state_seconds);
  else if (isRefusing) since = past.refusing_since_unix_seconds;
  return {
    id: idOf(kind, its.name), kind, name: its.name, its, last, verdict, since, now,
    letIn: last === null ? null : sum(last, ...letIn[kind]),
    refused: last === null ? null : sum(last, ...refused[kind]),
    brief: briefs[kind](its),
  };
}

// All primitives, those that refuse first, else as they come.
export function primitivesOf(state, history) {
  const past = new Map((history?.primitives ?? []).map((each) => [idOf(each.kind, each.name), each]));
  const now = history?.at_unix_seconds ?? Date.now() / 1000;
  const all = Object.entries(lists).flatMap(([list, kind]) => state[list].map((its) => describe(kind, its, past.get(idOf(kind, its.name)), now)));
  const rank = { refusing: 0, warning: 1, fine: 2, nothing: 3 };
  return all.sort((a, b) => rank[a.verdict.level] - rank[b.verdict.level]);
}

// Who has permits of it, waits for one, or probes it: { process, has }.
export function holdersOf(state, { kind, name }) {
  return state.workers.processes.flatMap((process) => process.holds.filter((has) => has.kind === kind && has.name === name).map((has) => ({ process, has })));
}
