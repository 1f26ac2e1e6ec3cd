// The band in which a model expects the readings of a tag, behind its line, with the expected value as a dotted line.

import { colour } from "./colours.js";
import { plain } from "./states.js";
import { onAxis } from "./zone.js";

const BEYOND = 0.35; // how far a band may extend an axis beyond its readings, as a share of their range
const MARGIN = 0.04;
const PATTERNS = ["", "/", "\\"]; // one per model, if there are several

export function bandTraces(trace, number, yaxis) {
  const several = trace.bands.length > 1, { tag } = trace.about;
  return trace.bands.flatMap((band, model) => {
    const common = { type: "scatter", mode: "lines", yaxis, name: `${tag} ${band.model}` };
    const outline = outlines(band);
    return [
      {
        ...common, meta: "band", x: outline.x, y: outline.y, fill: "toself", fillcolor: `${colour(number)}26`,
        line: { width: 0 }, hoverinfo: "skip",
        ...(several && { fillpattern: { shape: PATTERNS[model % PATTERNS.length], fgcolor: `${colour(number)}40` } }),
      },
      {
        ...common, meta: "expected", x: band.ts.map(onAxis), y: band.expected, connectgaps: false,
        text: band.low.map((low, at) => (low === null ? "" : `${rounded(low)} to ${rounded(band.high[at])}`)),
        line: { color: `${colour(number)}99`, width: 1, dash: "dot" },
        hovertemplate: `expected %{y:.5~g} (%{text})<extra>${plain(several ? `${tag}, ${band.model}` : tag)}</extra>`,
      },
    ];
  });
}

// The range of an axis with bands: readings and expected values fill most of it, however wide a band is.
export function rangeOf(traces) {
  if (!traces.some(({ bands }) => bands.length)) return null;
  const bands = traces.flatMap((trace) => trace.bands);
  const of = (column) => bands.flatMap((band) => band[column]).filter((value) => value !== null);
  const readings = traces.flatMap(({ value }) => value).filter((value) => value !== null);
  const [least, most] = extremes([...readings, ...of("expected")]);
  const lows = of("low"), highs = of("high");
  const [low] = extremes(lows), [, high] = extremes(highs);
  const usual = middle(highs.map((value, at) => value - lows[at]));
  const beyond = (most - least || usual || 1) * BEYOND;
  const [from, to] = [Math.max(Math.min(low, least), least - beyond), Math.min(Math.max(high, most), most + beyond)];
  const margin = (to - from) * MARGIN;
  return [from - margin, to + margin];
}

// Too many values for Math.min, which takes each as an argument.
const extremes = (values) =>
  values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

const rounded = (number) => Number(number.toPrecision(4)).toString();

// One outline per stretch without a gap: along the upper end, and back along the lower one.
function outlines({ ts, low, high }) {
  const x = [], y = [];
  let start = 0;
  for (let at = 0; at <= ts.length; at++) {
    if (at < ts.length && low[at] !== null) continue;
    const stretch = Array.from({ length: at - start }, (_, step) => start + step);
    if (stretch.length) {
      const back = [...stretch].reverse();
      x.push(...[...stretch, ...back].map((each) => onAxis(ts[each])), null);
      y.push(...stretch.map((each) => high[each]), ...back.map((each) => low[each]), null);
    }
    start = at + 1;
  }
  return { x, y };
}
