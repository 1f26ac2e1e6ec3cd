// Times on the chart's axis, and in words. The axis is UTC: the clock of a zone can run back, and time then comes twice.

export const OWN = Intl.DateTimeFormat().resolvedOptions().timeZone;

const DAY = 86_400_000;
const offset = (ms) => -new Date(ms).getTimezoneOffset() * 60_000;

export const onAxis = (ms) => new Date(ms).toISOString().slice(0, -1); // without a zone: Plotly would convert it

export const ofAxis = (text) => Date.parse(`${text.replace(" ", "T")}${text.length > 10 ? "" : "T00:00"}Z`);

// A clock time is given in milliseconds, too, as if the clock showed UTC.
export const clock = (ms, zone) => (zone === "local" ? ms + offset(ms) : ms);

// The instants at which the clock shows a time: two if it is turned back over it, none if it skips it.
export function instants(shown, zone) {
  if (zone !== "local") return [shown];
  const offsets = new Set([offset(shown - DAY), offset(shown + DAY)]);
  return [...offsets].map((each) => shown - each).filter((ms) => clock(ms, zone) === shown).sort((a, b) => a - b);
}

export function inWords(ms, zone) {
  const text = new Date(clock(ms, zone)).toISOString().slice(0, 19).replace("T", " ");
  return [text, ...which(ms, zone)].join(" ");
}

// The offset from UTC of a clock time that comes twice, as in UTC-04:00; nothing for any other.
export function which(ms, zone) {
  if (instants(clock(ms, zone), zone).length < 2) return [];
  const minutes = Math.abs(offset(ms)) / 60_000;
  const parts = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0"));
  return [`UTC${offset(ms) < 0 ? "-" : "+"}${parts.join(":")}`];
}
