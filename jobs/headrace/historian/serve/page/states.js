// The stretches of time in which a tag has the same text, and the lane that shows them with their words.

import { shade } from "./colours.js";
import { inWords } from "./quality.js";
import { onAxis } from "./zone.js";

export const LANE = 24;
const LETTER = 6.5; // the usual width of a letter in pixels
const BAND = LANE - 6;
const SHORT = 3; // a stretch of fewer pixels is drawn as a tick
const APART = 16; // the pointer finds a stretch at points this many pixels apart

export function states(trace, span) {
  const result = [];
  trace.text?.forEach((word, at) => {
    if (word === null || trace.ts[at] >= span.end) return;
    // The last state known lasts, but not into the future.
    const until = trace.ts[at + 1] ?? Math.max(trace.ts[at], Math.min(span.end, Date.now()));
    const kind = inWords(trace.quality[at]);
    const last = result.at(-1);
    if (last?.word === word && last.kind === kind && last.until === trace.ts[at]) last.until = until;
    else result.push({ word, kind, since: trace.ts[at], until });
  });
  // Of a stretch, only the part in the span is drawn.
  return result.map((state) => ({
    ...state, start: Math.max(state.since, span.start), end: Math.min(state.until, span.end),
  })).filter(({ start, end, since }) => start < end || (since === start && start === end));
}

export function stateTraces({ trace, states: parts }, y, span, pixels) {
  const words = [...new Set(parts.map(({ word }) => word))];
  const colour = ({ word }) => shade(words.indexOf(word));
  const hover = ({ word, kind }) => (kind === "good" ? word : `${word} (${kind})`);
  return laneTraces(trace, parts, y, { span, pixels, colour, hover, meta: "state" });
}

// A lane of stretches, `parts`: each has a word, a start and an end; `hover` returns what the pointer shows.
export function laneTraces(trace, parts, y, { span, pixels, colour, hover, meta }) {
  const scale = pixels / (span.end - span.start);
  const common = { type: "scatter", name: trace.about.tag, yaxis: "y2" };
  const bands = [...new Set(parts.map(colour))].map((color) => {
    const own = parts.filter((part) => colour(part) === color);
    const x = own.flatMap(({ start, end }) => [onAxis(start), onAxis(end), null]);
    const ticks = own.flatMap(({ start, end }) => [(end - start) * scale < SHORT ? BAND / 1.4 : 0, 0, 0]);
    return {
      ...common, mode: "lines+markers", meta, x, y: x.map((time) => (time === null ? null : y)),
      line: { color, width: BAND }, hoverinfo: "skip",
      marker: { symbol: "line-ns", size: ticks, color, line: { color, width: ticks.map((size) => (size ? 2 : 0)) } },
    };
  });
  const fitting = parts.map((part) => ({ ...part, text: fitted(part.word, (part.end - part.start) * scale) }));
  const worded = fitting.filter(({ text }) => text);
  const points = parts.flatMap((part) => {
    const count = Math.max(1, Math.ceil(((part.end - part.start) * scale) / APART));
    const step = (part.end - part.start) / count;
    return Array.from({ length: count + 1 }, (_, at) => ({ ...part, at: part.start + at * step }));
  });
  return [
    ...bands,
    {
      ...common, mode: "text", meta: `${meta}-word`, x: worded.map(({ start, end }) => onAxis((start + end) / 2)),
      y: worded.map(() => y), text: worded.map(({ text }) => text), textfont: { size: 11 }, hoverinfo: "skip",
    },
    {
      ...common, mode: "markers", meta: `${meta}-hover`, x: points.map(({ at }) => onAxis(at)),
      y: points.map(() => y), text: points.map((part) => plain(hover(part))),
      marker: { opacity: 0, color: points.map(colour) },
      hovertemplate: `%{text}<extra>${plain(trace.about.tag)}</extra>`,
    },
  ];
}

function fitted(word, pixels) {
  const letters = Math.floor((pixels - 8) / LETTER);
  if (word.length <= letters) return plain(word);
  return letters > 3 ? plain(`${word.slice(0, letters - 1)}…`) : "";
}

// Plotly takes some markup in texts.
export const plain = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
