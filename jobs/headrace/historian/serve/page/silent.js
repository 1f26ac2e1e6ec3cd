// The tags without readings in the span, each with the ways to its nearest readings.

import { ask } from "./api.js";
import { length } from "./view.js";
import { inWords } from "./zone.js";

const MARGIN = 0.1; // the reading that is shown next is this share of the span away from the edge

export function silentTags(traces, { start, end }) {
  return traces.filter(({ ts }) => !ts.some((ms) => ms >= start && ms < end)).map(({ about }) => about.tag);
}

export async function pointers(patterns, view, show, signal) {
  const place = document.getElementById("silent");
  place.hidden = true;
  if (!patterns.length) return;
  const { span } = view;
  const times = [["start", new Date(span.start).toISOString()], ["end", new Date(span.end).toISOString()]];
  const nearest = await ask("nearest", [...patterns.map((tag) => ["tag", tag]), ...times], signal);
  place.replaceChildren(...nearest.map((tag) => entry(tag, view, show)));
  place.hidden = false;
}

function entry({ tag, before, after }, { span, zone }, show) {
  const item = document.createElement("li");
  const never = before === null && after === null;
  item.append(never ? `${tag} has no readings at all.` : `${tag} has no readings in these ${length(span)}.`);
  const whole = span.end - span.start;
  if (before !== null) {
    const end = before + whole * MARGIN;
    item.append(" ", way(`The last before: ${inWords(before, zone)}`, () => show({ span: { start: end - whole, end } })));
  }
  if (after !== null) {
    const start = after - whole * MARGIN;
    item.append(" ", way(`The next: ${inWords(after, zone)}`, () => show({ span: { start, end: start + whole } })));
  }
  return item;
}

function way(text, go) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = text;
  button.addEventListener("click", go);
  return button;
}
