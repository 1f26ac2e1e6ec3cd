// Events of anomalies on the chart: the tag's line is marked while they last, and a lane below shows their causes.

import { named } from "./colours.js";
import { laneTraces } from "./states.js";
import { length } from "./view.js";
import { onAxis } from "./zone.js";

const WIDTH = 8;

// The lanes of a tag: one, or one per model if several have found events.
export function eventLanes(trace, span) {
  const models = [...new Set(trace.events.map(({ model }) => model))];
  return models.map((model) => {
    const own = trace.events.filter((event) => event.model === model);
    return { events: own.map((event) => part(event, span, models.length > 1)) };
  });
}

// Of an event, only the part in the span is drawn. An open one lasts to its last anomaly so far.
function part(event, span, withModel) {
  const start = Math.max(event.started_at, span.start), end = Math.min(event.ended_at, span.end);
  return { word: event.cause, start, end, hover: inWords(event) + (withModel ? `, ${event.model}` : "") };
}

export function inWords({ cause, peak_score, started_at, ended_at, state, acknowledged, related }) {
  const lasts = ended_at > started_at ? `${length({ start: started_at, end: ended_at })}` : "one reading";
  return [
    `${cause}, score ${peak_score.toFixed(1)}`, state === "open" ? `${lasts} so far` : lasts,
    ...(acknowledged ? ["acknowledged"] : []), ...(related.length ? [`with ${related.join(", ")}`] : []),
  ].join(", ");
}

export function eventTraces(lane, y, span, pixels) {
  const look = { colour: () => `${named("anomaly")}66`, hover: ({ hover }) => hover, meta: "event" };
  return laneTraces(lane.trace, lane.events, y, { span, pixels, ...look });
}

// The part of a tag's line that events cover, as a wide line to lie under it.
export function marked(trace, yaxis) {
  if (!trace.events.length) return [];
  const x = [], y = [], size = [];
  for (const { started_at, ended_at } of trace.events) {
    const during = trace.ts.map((_, at) => at).filter((at) =>
      trace.ts[at] >= started_at && trace.ts[at] <= ended_at && trace.value[at] !== null);
    x.push(...during.map((at) => onAxis(trace.ts[at])), null);
    y.push(...during.map((at) => trace.value[at]), null);
    size.push(...during.map(() => (during.length > 1 ? 0 : WIDTH)), 0); // one reading has no line
  }
  return [{
    type: "scatter", mode: "lines+markers", name: `${trace.about.tag} events`, meta: "marked", yaxis, x, y,
    line: { color: `${named("anomaly")}80`, width: WIDTH }, marker: { color: `${named("anomaly")}80`, size },
    hoverinfo: "skip",
  }];
}
