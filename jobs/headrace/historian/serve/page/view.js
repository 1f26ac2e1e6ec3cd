// What is seen: tags, and a span in milliseconds since 1970, UTC. The address keeps it, so that it can be shared and
// the browser's way back works.

export const HOUR = 3_600_000;
const SHORTEST = 1000;

export function read() {
  const kept = new URLSearchParams(location.hash.slice(1));
  const [start, end] = ["start", "end"].map((name) => Date.parse(kept.get(name) ?? ""));
  const span = Number.isFinite(start) && Number.isFinite(end) && start < end ? { start, end } : null;
  return { tags: kept.getAll("tag"), span, zone: kept.get("zone") === "local" ? "local" : "UTC" };
}

export function write(view, { asNew = true } = {}) {
  const kept = new URLSearchParams(view.tags.map((tag) => ["tag", tag]));
  kept.set("start", new Date(view.span.start).toISOString());
  kept.set("end", new Date(view.span.end).toISOString());
  if (view.zone === "local") kept.set("zone", "local");
  if (`#${kept}` === location.hash) return;
  const depth = (history.state?.depth ?? 0) + (asNew ? 1 : 0);
  history[asNew ? "pushState" : "replaceState"]({ depth }, "", `#${kept}`);
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
