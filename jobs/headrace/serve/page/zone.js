// Plotly draws times as they would read in UTC: for the browser's own zone they are moved by its offset.

export const OWN = Intl.DateTimeFormat().resolvedOptions().timeZone;

const offset = (ms) => -new Date(ms).getTimezoneOffset() * 60_000;

export const shown = (ms, zone) => (zone === "local" ? ms + offset(ms) : ms);

export function meant(text, zone) {
  const ms = typeof text === "number" ? text : Date.parse(`${text.replace(" ", "T")}${text.length > 10 ? "" : "T00:00"}Z`);
  return zone === "local" ? ms - offset(ms - offset(ms)) : ms;
}

// Plotly takes a number for an instant in the browser's zone where it is the end of an axis, and for UTC elsewhere.
export const axisEnd = (ms, zone) => new Date(shown(ms, zone)).toISOString().slice(0, -1);

export function inWords(ms, zone) {
  const text = new Date(shown(ms, zone)).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)}`;
}
