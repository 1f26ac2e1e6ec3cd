// Times as Plotly needs them: text without a zone. It would show numbers in the browser's own time zone.

export const OWN = Intl.DateTimeFormat().resolvedOptions().timeZone;

const offset = (ms) => -new Date(ms).getTimezoneOffset() * 60_000;

export const shown = (ms, zone) => new Date(zone === "local" ? ms + offset(ms) : ms).toISOString().slice(0, -1);

export function meant(text, zone) {
  const ms = Date.parse(`${text.replace(" ", "T")}${text.length > 10 ? "" : "T00:00"}Z`);
  return zone === "local" ? ms - offset(ms - offset(ms)) : ms;
}

export const inWords = (ms, zone) => shown(ms, zone).slice(0, 19).replace("T", " ");
