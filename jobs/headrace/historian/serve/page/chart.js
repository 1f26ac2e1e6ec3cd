// The chart: one panel per unit on a common time axis, and below them one lane per tag that is not good throughout.

import { colour, dash, named } from "./colours.js";
import { inWords, stretches } from "./quality.js";
import { shown } from "./zone.js";

const LANE = 14;
const GAP = 14;
const CONFIG = { displayModeBar: false, doubleClick: false, scrollZoom: true };
const SPARSE = 8; // if readings are at least this many pixels apart, each is drawn as a dot

export function draw(place, answer, view, drag) {
  const units = [...new Set(answer.traces.map((trace) => trace.about.unit ?? ""))];
  const lanes = answer.traces
    .map((trace, number) => ({ trace, number, bad: stretches(trace, view.span.end) }))
    .filter((lane) => lane.bad.length);
  const data = [];
  answer.traces.forEach((trace, number) => {
    const axis = axisName(units.indexOf(trace.about.unit ?? ""));
    data.push(line(trace, number, axis, view, place.clientWidth), ...anomalies(trace, axis, view));
  });
  lanes.forEach((lane, at) => data.push(...laneOf(lane, at, view)));
  const times = [view.span.start, view.span.end].map((ms) => shown(ms, view.zone));
  return Plotly.react(place, data, layout(place, units, lanes, times, drag), CONFIG);
}

export function width(place) {
  const pixels = Math.round(place._fullLayout?._size?.w ?? place.clientWidth);
  return Math.min(4000, Math.max(100, pixels));
}

const axisName = (number) => (number ? `y${number + 2}` : "y"); // y2 is the axis of the lanes

function line(trace, number, yaxis, view, pixels) {
  const { about } = trace;
  const sparse = trace.ts.length * SPARSE < pixels;
  return {
    type: "scatter", mode: sparse ? "lines+markers" : "lines", name: about.tag, yaxis,
    x: trace.ts.map((ms) => shown(ms, view.zone)), y: trace.value,
    text: trace.quality.map((status) => (inWords(status) === "good" ? "" : ` (${inWords(status)})`)),
    line: { ...shape(about), color: colour(number), width: 1.25, dash: dash(number) },
    marker: { size: 5 },
    hovertemplate: `%{y:.7~g} ${about.unit ?? ""}%{text}<extra>${about.tag}</extra>`,
  };
}

const shape = (about) => ({ shape: about.interpolation === "step" ? "hv" : "linear" });

function anomalies(trace, yaxis, view) {
  const { ts, value, score } = trace.anomalies;
  if (!ts.length) return [];
  return [{
    type: "scatter", mode: "markers", name: `${trace.about.tag} anomalies`, meta: "anomaly", yaxis,
    x: ts.map((ms) => shown(ms, view.zone)), y: value, text: score.map((number) => number?.toFixed(1) ?? "infinite"),
    marker: { symbol: "circle-open", size: 9, color: named("anomaly"), line: { width: 1.8 } },
    hovertemplate: "anomaly, score %{text}<extra></extra>",
  }];
}

function laneOf({ trace, bad }, at, view) {
  return ["bad", "uncertain"].flatMap((kind) => {
    const parts = bad.filter((stretch) => stretch.kind === kind);
    if (!parts.length) return [];
    const times = parts.flatMap(({ start, end }) => [shown(start, view.zone), shown(end, view.zone), null]);
    return [{
      type: "scatter", mode: "lines+markers", name: `${trace.about.tag} ${kind}`, meta: kind, yaxis: "y2",
      x: times, y: times.map((ms) => (ms === null ? null : at)),
      text: parts.flatMap(({ status }) => Array(3).fill(`0x${status.toString(16).padStart(8, "0")}`)),
      line: { color: named(kind), width: LANE / 2 }, marker: { symbol: "square", size: LANE / 2, color: named(kind) },
      hovertemplate: `${kind} %{text}<extra>${trace.about.tag}</extra>`,
    }];
  });
}

function layout(place, units, lanes, times, drag) {
  const top = 8, bottom = 40, height = Math.max(place.clientHeight - top - bottom, 100);
  const foot = lanes.length ? (lanes.length * LANE + GAP) / height : 0;
  const each = (1 - foot - ((units.length - 1) * GAP) / height) / units.length;
  const grid = { gridcolor: named("grid"), zeroline: false, linecolor: named("grid"), automargin: true };
  const settings = {
    width: place.clientWidth, height: place.clientHeight, margin: { l: 64, r: 16, t: top, b: bottom },
    showlegend: false, dragmode: drag, hovermode: "x unified",
    hoversubplots: "axis", paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: named("panel"),
    font: { color: named("text"), size: 12, family: "system-ui, sans-serif" },
    hoverlabel: { bgcolor: named("panel"), bordercolor: named("grid"), font: { color: named("text") } },
    xaxis: {
      ...grid, type: "date", range: times, hoverformat: "%Y-%m-%d %H:%M:%S",
      showspikes: true, spikemode: "across", spikethickness: 1, spikedash: "solid", spikecolor: named("faint"),
    },
  };
  if (!units.length) settings.yaxis = { ...grid, showgrid: false, showticklabels: false, fixedrange: true };
  units.forEach((unit, number) => {
    const upper = 1 - number * (each + GAP / height);
    settings[axisName(number).replace("y", "yaxis")] = {
      ...grid, domain: [Math.max(upper - each, 0), upper], fixedrange: true, nticks: 8,
      title: { text: unit, standoff: 8 },
    };
  });
  if (lanes.length) {
    settings.yaxis2 = {
      ...grid, domain: [0, (lanes.length * LANE) / height], range: [lanes.length - 0.5, -0.5], fixedrange: true,
      showgrid: false, tickvals: lanes.map((_, at) => at), tickfont: { size: 10 }, ticks: "",
      ticktext: lanes.map(({ trace, number }) => coloured(short(trace.about.tag), colour(number))),
    };
    settings.xaxis.anchor = "y2";
  } else {
    settings.xaxis.anchor = axisName(Math.max(units.length - 1, 0));
  }
  return settings;
}

const coloured = (text, name) => `<span style="color:${name}">${text}</span>`;
const short = (tag) => (tag.length > 18 ? `…${tag.slice(-17)}` : tag);
