// The last quarter of an hour of one primitive, or what is known of it: every second as a line (uPlot), and by the minute as a table for who does not see lines.

import { element, tableOf } from "./dom.js";
import { count, time, title } from "./words.js";

// Of each kind: what is drawn, in which colour, how it is dashed, and whether it is a level and not so many a second.
const lines = {
  limiter: [["allowed", "fine"], ["denied", "bad"], ["shadow_denied", "warn", [6, 4]]],
  breaker: [["ok", "fine"], ["error", "bad"], ["slow", "warn", [6, 4]], ["rejected", "other", [2, 3]]],
  bulkhead: [["in_use", "fine", [], true], ["waiting", "warn", [6, 4], true], ["rejected", "bad"]],
  adaptive: [["limit", "other", [6, 4], true], ["in_use", "fine", [], true], ["rejected", "bad"]],
  shedder: [["in_flight", "fine", [], true], ["admitted", "other", [6, 4]], ["shed", "bad"]],
  retry: [["calls", "fine"], ["retries", "warn", [6, 4]], ["exhausted", "other", [2, 3]], ["budget_denied", "bad"]],
  hedge: [["calls", "fine"], ["requests", "other", [6, 4]], ["wins", "warn", [2, 3]], ["budget_denied", "bad"]],
};
const refusesIn = { open: "bad", forced_open: "bad", half_open: "warn" };

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export class Chart {
  constructor(where, kind, past) {
    this.where = where;
    this.kind = kind;
    this.past = past;
    this.plot = null;
    this.resized = new ResizeObserver(() => this.plot?.setSize({ width: where.clientWidth, height: 240 }));
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.redraw = () => this.draw();
    this.scheme.addEventListener("change", this.redraw);
    this.resized.observe(where);
    this.draw();
  }

  end() {
    this.scheme.removeEventListener("change", this.redraw);
    this.resized.disconnect();
    this.plot?.destroy();
  }

  data() {
    return [this.past.at_unix_seconds, ...lines[this.kind].map(([name]) => this.past.columns[name])];
  }

  // The next second; false when one is missing in between.
  append(number, at, last) {
    if (last === null || number === this.past.number) return true;
    if (number !== this.past.number + 1) return false;
    this.past.number = number;
    const add = (to, value) => {
      to.push(value);
      if (to.length > 900) to.shift();
    };
    add(this.past.at_unix_seconds, at);
    for (const [name, values] of Object.entries(this.past.columns)) add(values, last[name]);
    this.plot.setData(this.data());
    this.say();
    return true;
  }

  draw() {
    this.plot?.destroy();
    const levels = lines[this.kind].some((line) => line[3]);
    const rates = lines[this.kind].some((line) => !line[3]);
    const axis = (scale, label, side) => ({ scale, label, side, size: 56, labelSize: 18, stroke: colour("soft"), grid: { show: side === 3, stroke: colour("rule"), width: 1 }, ticks: { stroke: colour("rule") } });
    const range = (_, low, high) => [0, Math.max(1, high * 1.05)];
    const options = {
      width: this.where.clientWidth, height: 240,
      scales: { x: { time: true, range: (_, low, high) => [Math.max(high - 900, Math.min(low, high - 120)), high] }, rate: { range }, level: { range } },
      axes: [
        { stroke: colour("soft"), grid: { stroke: colour("rule"), width: 1 }, ticks: { stroke: colour("rule") }, values: (_, at) => at.map((each) => time(each).slice(0, 5)), incrs: [60, 120, 300], space: 44 },
        ...(levels ? [axis("level", "at once", 3)] : []),
        ...(rates ? [axis("rate", "a second", levels ? 1 : 3)] : []),
      ],
      series: [
        { label: "at", value: (_, at) => ((at ?? null) === null ? "–" : time(at)) },
        ...lines[this.kind].map(([name, tone, dash, level]) => ({
          label: title(name), scale: level ? "level" : "rate", stroke: colour(tone), width: 1.5, dash: dash ?? [], points: { show: false },
          value: (_, number) => ((number ?? null) === null ? "–" : count(number)),
        })),
      ],
      hooks: { drawClear: [(plot) => this.shade(plot)] },
    };
    this.plot = new uPlot(options, this.data(), this.where);
    this.say();
  }

  // Behind the lines of a breaker: when it was not closed.
  shade(plot) {
    const states = this.past.columns.state;
    if (states === undefined) return;
    const at = this.past.at_unix_seconds;
    plot.ctx.save();
    plot.ctx.globalAlpha = 0.18;
    plot.ctx.beginPath();
    plot.ctx.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height);
    plot.ctx.clip();
    for (let i = 0; i < states.length; ++i) {
      if (refusesIn[states[i]] === undefined) continue;
      let end = i;
      while (end + 1 < states.length && states[end + 1] === states[i]) ++end;
      const left = plot.valToPos(at[i] - 1, "x", true);
      plot.ctx.fillStyle = colour(refusesIn[states[i]]);
      plot.ctx.fillRect(left, plot.bbox.top, Math.max(1, plot.valToPos(at[end], "x", true) - left), plot.bbox.height);
      i = end;
    }
    plot.ctx.restore();
  }

  // In the aria-label, and, where no pointer is on the lines, in the legend: how it is now.
  say() {
    const seconds = this.past.at_unix_seconds.length;
    if (seconds > 0 && !(this.plot.cursor.left >= 0)) this.plot.setLegend({ idx: seconds - 1 });
    const parts = lines[this.kind].map(([name]) => {
      const values = this.past.columns[name];
      return `${title(name)} at most ${count(values.reduce((most, each) => Math.max(most, each), 0))}, now ${count(values.at(-1) ?? 0)}`;
    });
    this.where.setAttribute("aria-label", `The last quarter of an hour: ${parts.join("; ")}`);
  }

  // Each minute in a row, the latest first: a count as what came together, a level as its greatest.
  table() {
    const minutes = new Map();
    this.past.at_unix_seconds.forEach((at, i) => {
      const minute = Math.floor(at / 60) * 60;
      const row = minutes.get(minute) ?? lines[this.kind].map(() => 0);
      lines[this.kind].forEach(([name, , , level], column) => {
        const value = this.past.columns[name][i];
        row[column] = level ? Math.max(row[column], value) : row[column] + value;
      });
      minutes.set(minute, row);
    });
    const heads = ["From", ...lines[this.kind].map(([name, , , level]) => `#${title(name)}${level ? ", at most" : ""}`)];
    const rows = [...minutes].reverse().map(([at, row]) => [time(at), ...row.map(count)]);
    return tableOf("By the minute", heads, rows);
  }
}

export const isDrawn = (kind) => lines[kind] !== undefined;

export function chartOf(past, kind) {
  const where = element("div", { id: "chart", role: "img" });
  const minutes = element("div");
  const more = element("details", {}, element("summary", {}, "By the minute, as a table"), minutes);
  let chart = null;
  more.addEventListener("toggle", () => minutes.replaceChildren(more.open && chart !== null ? chart.table() : ""));
  // uPlot measures the room that there is: after it is in the page.
  return { elements: [where, more], begin: () => (chart = new Chart(where, kind, past)) };
}
