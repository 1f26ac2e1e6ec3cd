// The view: the selected tags as patterns of the API, a span in milliseconds since 1970, UTC, the models whose bands and
// events are drawn (none given: the newest of each time), and the event that is open. It is stored in the page's address,
// so that it can be shared and the browser's Back button works. `problems` says what of an address is not valid, and so
// not shown.

export const HOUR = 3_600_000;
const SHORTEST = 1000;

export function read() {
  const stored = new URLSearchParams(location.hash.slice(1));
  const [start, end] = ["start", "end"].map((name) => Date.parse(stored.get(name) ?? ""));
  const problems = faults(stored, start, end);
  const span = start < end ? { start, end } : null;
  const zone = stored.get("zone") === "local" ? "local" : "UTC";
  const [tags, models] = [stored.getAll("tag"), stored.getAll("model")];
  return { tags, span, zone, models, event: stored.get("event"), problems };
}

function faults(stored, start, end) {
  const problems = [];
  if (stored.has("start") || stored.has("end")) {
    for (const [name, ms] of [["start", start], ["end", end]]) {
      if (!stored.has(name)) problems.push(`the address has no ${name}`);
      else if (Number.isNaN(ms)) problems.push(`${name}=${stored.get(name)} in the address is not a time`);
    }
    if (start >= end) problems.push("in the address, the end is not after the start");
  }
  if (stored.has("zone") && !["UTC", "local"].includes(stored.get("zone"))) {
    problems.push(`zone=${stored.get("zone")} in the address is neither UTC nor local`);
  }
  return problems;
}

export function write(view, { asNew = true } = {}) {
  const stored = new URLSearchParams(view.tags.map((tag) => ["tag", tag]));
  stored.set("start", new Date(view.span.start).toISOString());
  stored.set("end", new Date(view.span.end).toISOString());
  if (view.zone === "local") stored.set("zone", "local");
  for (const model of view.models) stored.append("model", model);
  if (view.event) stored.set("event", view.event);
  if (`#${stored}` === location.hash) return;
  const depth = (history.state?.depth ?? 0) + (asNew ? 1 : 0);
  history[asNew ? "pushState" : "replaceState"]({ depth }, "", `#${stored}`);
}

export function back() {
  if (history.state?.depth) history.back();
}

export function moved(span, share) {
  const by = (span.end - span.start) * share;
  return { start: span.start + by, end: span.end + by };
}

export function zoomed(span, factor) {
  const middle = (span.start + span.end) / 2;
  const half = Math.max(((span.end - span.start) * factor) / 2, SHORTEST / 2);
  return { start: middle - half, end: middle + half };
}

export function length(span) {
  const hours = (span.end - span.start) / HOUR;
  const [number, unit] = hours >= 48 ? [hours / 24, "d"] : hours >= 1 ? [hours, "h"] : [hours * 60, "min"];
  return `${number.toLocaleString("en", { maximumFractionDigits: 1 })} ${unit}`;
}
