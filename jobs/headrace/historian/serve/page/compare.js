// Two events side by side: what their tags measured at the same time since the start of each.

import { ask, Refused } from "./api.js";
import { colour, named } from "./colours.js";
import { plain } from "./states.js";
import { inWords as timeInWords } from "./zone.js";

const UNITS = [[3 * 86_400, 86_400, "days"], [2 * 3600, 3600, "hours"], [0, 60, "minutes"]];
const PANEL = 170;

export async function compareEvents(first, second, zone) {
  const dialog = document.getElementById("compare");
  const title = document.getElementById("compare-title"), chart = document.getElementById("compare-chart");
  title.textContent = "Loading …";
  Plotly.purge(chart);
  if (!dialog.open) dialog.showModal();
  const place = ({ tag, started_at }) => [tag, new Date(started_at).toISOString()];
  const [[first_tag, first_start], [second_tag, second_start]] = [place(first), place(second)];
  try {
    const answer = await ask("events/compare", { first_tag, first_start, second_tag, second_start });
    const names = [answer.first, answer.second].map((each) => `${each.tag} from ${timeInWords(each.started_at, zone)}`);
    title.textContent = "Two events, from their starts";
    drawn(chart, answer, names);
  } catch (error) {
    title.textContent = error instanceof Refused ? error.message : String(error);
  }
}

function drawn(chart, { first, second, signals }, names) {
  const offsets = signals[0].offset_s;
  const [, scale, unit] = UNITS.find(([least]) => offsets.at(-1) - offsets[0] >= least);
  const x = offsets.map((seconds) => seconds / scale);
  const axis = (number) => (number ? `y${number + 1}` : "y");
  const data = signals.flatMap((signal, number) =>
    ["first", "second"].map((side, at) => ({
      type: "scatter", mode: "lines", x, y: signal[side], yaxis: axis(number), name: names[at],
      showlegend: number === 0, line: { color: at ? named("anomaly") : colour(0), width: 1.5 },
      hovertemplate: `%{y:.5~g}<extra>${plain(signal[`${side}_tag`] ?? "no such tag")}</extra>`,
    })));
  const grid = { gridcolor: named("grid"), zeroline: false, linecolor: named("grid"), automargin: true };
  const lasts = [first, second].map(({ started_at, ended_at }) => (ended_at - started_at) / 1000 / scale);
  const layout = {
    width: chart.clientWidth, height: signals.length * PANEL + 90, margin: { l: 64, r: 16, t: 34, b: 44 },
    legend: { orientation: "h", y: 1, yanchor: "bottom", x: 0 }, hovermode: "x unified", hoversubplots: "axis",
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: named("panel"),
    font: { color: named("text"), size: 12, family: "system-ui, sans-serif" },
    hoverlabel: { bgcolor: named("panel"), bordercolor: named("grid"), font: { color: named("text") } },
    xaxis: { ...grid, title: { text: `${unit} since the start` }, anchor: axis(signals.length - 1) },
    shapes: [{ x: 0, dash: "solid" }, ...lasts.map((end) => ({ x: end, dash: "dot" }))].map(({ x: when, dash }) => ({
      type: "line", xref: "x", yref: "paper", x0: when, x1: when, y0: 0, y1: 1,
      line: { color: named("faint"), width: 1, dash },
    })),
  };
  signals.forEach(({ signal }, number) => {
    const each = 1 / signals.length;
    const top = 1 - number * each;
    layout[axis(number).replace("y", "yaxis")] = {
      ...grid, domain: [Math.max(top - each + 0.03, 0), top], nticks: 5, title: { text: plain(signal), standoff: 8 },
    };
  });
  return Plotly.newPlot(chart, data, layout, { displayModeBar: false });
}
