// The texts that describe the view.

import { inWords as quality } from "./quality.js";
import { silentTags } from "./silent.js";
import { length } from "./view.js";
import { inWords as time, OWN } from "./zone.js";

export const counted = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

export function span({ span: { start, end }, zone }) {
  return `${time(start, zone)} to ${time(end, zone)} ${zone === "UTC" ? "UTC" : OWN}, ${length({ start, end })}`;
}

export function summary(traces, { start, end }) {
  const seen = traces.map(({ ts, quality }) => quality.filter((_, at) => ts[at] >= start && ts[at] < end));
  const all = seen.flat();
  const events = traces.reduce((sum, trace) => sum + trace.events_found, 0);
  const parts = [`${counted(all.length, "reading")} drawn`, ...(events ? [counted(events, "event")] : [])];
  for (const kind of ["bad", "uncertain"]) {
    if (all.some((status) => quality(status) === kind)) parts.push(`some ${kind}`);
  }
  const silent = silentTags(traces, { start, end });
  if (silent.length) parts.push(`no readings of ${silent.join(", ")} in this span`);
  return parts.join(" · ");
}
