// The stretches of time in which a tag is not good: from each such reading to the next one drawn.

const WORDS = ["good", "uncertain", "bad", "bad"];

export const inWords = (status) => WORDS[Math.floor(status / 2 ** 30)];

export function stretches(trace, end) {
  const result = [];
  trace.quality.forEach((status, at) => {
    const kind = inWords(status);
    const until = trace.ts[at + 1] ?? Math.max(end, trace.ts[at]);
    const last = result.at(-1);
    if (last?.kind === kind && last.end === trace.ts[at]) {
      last.end = until;
    } else if (kind !== "good") {
      result.push({ kind, start: trace.ts[at], end: until, status });
    }
  });
  return result;
}
