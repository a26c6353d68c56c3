// Numbers, times and words, as people read them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const fine = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

export const count = (number) => whole.format(number);
export const percent = (ratio) => `${fine.format(ratio * 100)}\u00a0%`;

// "250 ms", "1.5 s", "2 min 5 s", "3 h 4 min", "2 d 3 h".
export function span(seconds) {
  if (seconds === null || seconds === undefined) return "for good";
  if (seconds === 0) return "0 s";
  if (seconds < 1) return `${fine.format(seconds * 1000)} ms`;
  if (seconds < 60) return `${fine.format(seconds)} s`;
  const pair = (big, bigWord, small, smallWord) => (small ? `${big} ${bigWord} ${small} ${smallWord}` : `${big} ${bigWord}`);
  const all = Math.round(seconds);
  if (all < 3600) return pair(Math.floor(all / 60), "min", all % 60, "s");
  if (all < 86400) return pair(Math.floor(all / 3600), "h", Math.floor((all % 3600) / 60), "min");
  return pair(Math.floor(all / 86400), "d", Math.floor((all % 86400) / 3600), "h");
}

// How long something lasts that is looked at each second.
export const lasting = (seconds) => span(seconds < 1 ? 0 : Math.floor(seconds));

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
export function time(unixSeconds, nowSeconds = unixSeconds) {
  return (nowSeconds - unixSeconds > 86400 ? day : clock).format(new Date(unixSeconds * 1000));
}

const sizes = ["bytes", "KiB", "MiB", "GiB"];
export function bytes(number) {
  let which = 0;
  for (; number >= 1024 && which < sizes.length - 1; ++which) number /= 1024;
  return `${fine.format(number)} ${sizes[which]}`;
}

// A member of the state by its name: durations end in _seconds, sizes in _bytes.
export function value(name, what) {
  if (what === null) return name === "retry_after_seconds" ? "for good" : "none";
  if (name.endsWith("_unix_seconds")) return time(what, Date.now() / 1000);
  if (name.endsWith("_seconds")) return span(what);
  if (name.endsWith("_bytes")) return bytes(what);
  if (typeof what === "boolean") return what ? "yes" : "no";
  if (typeof what === "number") return Number.isInteger(what) ? count(what) : fine.format(what);
  return String(what);
}

export const title = (name) => (name === "state_seconds" ? "in this state for" : name).replace(/_(unix_)?seconds$|_bytes$/, "").replaceAll("_", " ");
