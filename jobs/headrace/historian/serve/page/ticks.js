// Ticks of the time axis at round times of a zone's clock, as Plotly takes them.

import { clock, instants, onAxis, which } from "./zone.js";

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const WEEK = 7 * DAY, MONDAY = 4 * DAY; // 1970 began on a Thursday
const ROUND = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((number) => number * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((number) => number * MINUTE),
  ...[1, 2, 3, 6, 12].map((number) => number * HOUR),
  ...[DAY, 2 * DAY, WEEK, 2 * WEEK],
];
const MONTHS = [1, 2, 3, 6, 12, 24, 60, 120, 600, 1200];
const MONTH = 30 * DAY;
const WIDTH = 90; // pixels of a label and its margin

// The ticks reach one span further on both sides, for dragging.
export function ticks({ start, end }, zone, pixels) {
  const length = end - start;
  const least = length / Math.max(pixels / WIDTH, 2);
  const round = ROUND.find((step) => step >= least);
  const [from, to] = [clock(start - length, zone), clock(end + length, zone)];
  const shown = round ? regular(from, to, round) : monthly(from, to, MONTHS.find((step) => step * MONTH >= least));
  const times = shown.flatMap((time) => instants(time, zone)).sort((a, b) => a - b);
  let day = null;
  const ticktext = times.map((ms) => {
    const [first, second] = label(clock(ms, zone), round);
    const again = ms < start || second === day;
    day = ms < start ? null : second;
    return [first, ...(again ? [] : [second]), ...which(ms, zone)].filter(Boolean).join("<br>");
  });
  return { tickmode: "array", tickvals: times.map(onAxis), ticktext };
}

function regular(from, to, step) {
  const origin = step >= WEEK ? MONDAY : 0;
  const first = Math.ceil((from - origin) / step) * step + origin;
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, at) => first + at * step);
}

function monthly(from, to, step = MONTHS.at(-1)) {
  const number = (ms) => new Date(ms).getUTCFullYear() * 12 + new Date(ms).getUTCMonth();
  const months = [];
  for (let month = Math.ceil(number(from) / step) * step; month <= number(to); month += step) {
    months.push(Date.parse(`${padded(Math.floor(month / 12), 4)}-${padded((month % 12) + 1, 2)}-01T00:00Z`));
  }
  return months;
}

const padded = (number, digits) => String(number).padStart(digits, "0");

// A label's two lines; the second one is left out where it is that of the tick before.
function label(shown, step) {
  const text = new Date(shown).toISOString();
  const name = new Date(shown).toLocaleString("en", { month: "short", timeZone: "UTC" });
  const day = `${name} ${Number(text.slice(8, 10))}`;
  if (!step) return [name, text.slice(0, 4)];
  if (step >= DAY) return [day, text.slice(0, 4)];
  const digits = step < SECOND ? 23 : step < MINUTE ? 19 : 16;
  return [text.slice(11, digits), `${day}, ${text.slice(0, 4)}`];
}
