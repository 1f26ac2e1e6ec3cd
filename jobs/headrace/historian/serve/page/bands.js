// The band in which a model expects the readings of a tag, behind its line, with the expected value as a dotted line.

import { colour } from "./colours.js";
import { plain } from "./states.js";
import { onAxis } from "./zone.js";

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
