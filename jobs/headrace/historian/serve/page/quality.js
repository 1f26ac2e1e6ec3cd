// Where a tag's readings are not good, and for how long: to the next reading that is drawn.

const WORDS = ["good", "uncertain", "bad", "bad"];

export const inWords = (status) => WORDS[Math.floor(status / 2 ** 30)];

export function stretches(trace, end) {
  const found = [];
  trace.quality.forEach((status, at) => {
    const kind = inWords(status);
    const until = trace.ts[at + 1] ?? Math.max(end, trace.ts[at]);
    const last = found.at(-1);
    if (last?.kind === kind && last.end === trace.ts[at]) {
      last.end = until;
    } else if (kind !== "good") {
      found.push({ kind, start: trace.ts[at], end: until, status });
    }
  });
  return found;
}
