// The chart: one panel per unit on a common time axis, and below them one lane per tag that has texts, one per tag that
// has events, and one per tag that is not good throughout.

import { bandTraces, rangeOf } from "./bands.js";
import { colour, dash, named } from "./colours.js";
import { eventLanes, eventTraces, marked } from "./events.js";
import { inWords, stretches } from "./quality.js";
import { LANE as STATES, plain, states, stateTraces } from "./states.js";
import { ticks } from "./ticks.js";
import { inWords as timeInWords, ofAxis, onAxis } from "./zone.js";

const LANE = 14;
const GAP = 14;
const CONFIG = { displayModeBar: false, doubleClick: false, scrollZoom: true };
const HOVER = "%Y-%m-%d %H:%M:%S";
const IN_UTC = " UTC+00:00Z"; // as long as what replaces it, so that the box is wide enough
const SPARSE = 8; // if readings are at least this many pixels apart, each is drawn as a dot

export function draw(place, answer, view, drag) {
  const numbers = answer.traces.filter((trace) => crosses(trace, view.span));
  const units = [...new Set(numbers.map((trace) => trace.about.unit ?? ""))];
  const lanes = lanesOf(answer.traces, view);
  const data = [];
  answer.traces.forEach((trace, number) => {
    if (!numbers.includes(trace)) return;
    const axis = axisName(units.indexOf(trace.about.unit ?? ""));
    data.push(...bandTraces(trace, number, axis), ...marked(trace, axis), line(trace, number, axis, place.clientWidth));
  });
  lanes.forEach((lane) => {
    const size = [lane.y, view.span, width(place)];
    if (lane.states) data.push(...stateTraces(lane, ...size));
    else if (lane.events) data.push(...eventTraces(lane, ...size));
    else data.push(...qualityTraces(lane));
  });
  const panels = units.map((unit) => ({
    unit, range: rangeOf(numbers.filter((trace) => (trace.about.unit ?? "") === unit)),
  }));
  return Plotly.react(place, data, layout(place, panels, lanes, view, drag), CONFIG);
}

// Whether a line of numbers lies in the span, or passes through it.
function crosses({ ts, value }, { start, end }) {
  const times = ts.filter((_, at) => value[at] !== null);
  return times.some((ms) => ms >= start) && times.some((ms) => ms < end);
}

// The states of all tags come first, then their events; `y` is the middle of a lane in pixels from the top of the first.
function lanesOf(traces, view) {
  const each = (find) => traces.map((trace, number) => ({ trace, number, ...find(trace) }));
  const lanes = [
    ...each((trace) => ({ states: states(trace, view.span), height: STATES })).filter((lane) => lane.states.length),
    ...traces.flatMap((trace, number) =>
      eventLanes(trace, view.span).map((lane) => ({ trace, number, ...lane, height: STATES }))),
    ...each((trace) => ({ bad: stretches(trace, view.span.end), height: LANE })).filter((lane) => lane.bad.length),
  ];
  let top = 0;
  return lanes.map((lane) => ({ ...lane, y: (top += lane.height) - lane.height / 2 }));
}

// Plotly words the time of the pointer in UTC; this words it in the zone of the view.
export function wordTimes(place, zone) {
  new MutationObserver(() => {
    const title = place.querySelector(".hoverlayer .legendtitletext");
    const text = title?.textContent ?? "";
    if (text.endsWith(IN_UTC)) title.textContent = timeInWords(ofAxis(text.slice(0, -IN_UTC.length)), zone());
  }).observe(place, { childList: true, subtree: true, characterData: true });
}

export function width(place) {
  const pixels = Math.round(place._fullLayout?._size?.w ?? place.clientWidth);
  return Math.min(4000, Math.max(100, pixels));
}

const axisName = (number) => (number ? `y${number + 2}` : "y"); // y2 is the axis of the lanes

function line(trace, number, yaxis, pixels) {
  const { about } = trace;
  const sparse = trace.ts.length * SPARSE < pixels;
  return {
    type: "scatter", mode: sparse ? "lines+markers" : "lines", name: about.tag, yaxis,
    x: trace.ts.map(onAxis), y: trace.value,
    text: trace.quality.map((status) => (inWords(status) === "good" ? "" : ` (${inWords(status)})`)),
    line: { ...shape(about), color: colour(number), width: 1.25, dash: dash(number) },
    marker: { size: 5 },
    hovertemplate: `%{y:.7~g} ${plain(about.unit ?? "")}%{text}<extra>${plain(about.tag)}</extra>`,
  };
}

const shape = (about) => ({ shape: about.interpolation === "step" ? "hv" : "linear" });

function qualityTraces({ trace, bad, y }) {
  return ["bad", "uncertain"].flatMap((kind) => {
    const parts = bad.filter((stretch) => stretch.kind === kind);
    if (!parts.length) return [];
    const times = parts.flatMap(({ start, end }) => [onAxis(start), onAxis(end), null]);
    return [{
      type: "scatter", mode: "lines+markers", name: `${trace.about.tag} ${kind}`, meta: kind, yaxis: "y2",
      x: times, y: times.map((time) => (time === null ? null : y)),
      text: parts.flatMap(({ status }) => Array(3).fill(`0x${status.toString(16).padStart(8, "0")}`)),
      line: { color: named(kind), width: LANE / 2 }, marker: { symbol: "square", size: LANE / 2, color: named(kind) },
      hovertemplate: `${kind} %{text}<extra>${plain(trace.about.tag)}</extra>`,
    }];
  });
}

function layout(place, panels, lanes, { span, zone }, drag) {
  const top = 8, bottom = 40, height = Math.max(place.clientHeight - top - bottom, 100);
  const total = lanes.reduce((sum, lane) => sum + lane.height, 0);
  const foot = lanes.length ? (total + GAP) / height : 0;
  const each = (1 - foot - ((panels.length - 1) * GAP) / height) / panels.length;
  const grid = { gridcolor: named("grid"), zeroline: false, linecolor: named("grid"), automargin: true };
  const settings = {
    width: place.clientWidth, height: place.clientHeight, margin: { l: 64, r: 16, t: top, b: bottom },
    showlegend: false, dragmode: drag, hovermode: "x unified",
    hoversubplots: "axis", paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: named("panel"),
    font: { color: named("text"), size: 12, family: "system-ui, sans-serif" },
    hoverlabel: { bgcolor: named("panel"), bordercolor: named("grid"), font: { color: named("text") } },
    xaxis: {
      ...grid, type: "date", range: [onAxis(span.start), onAxis(span.end)],
      ...(zone === "UTC" ? { hoverformat: HOVER } : ticks(span, zone, width(place))),
      // Without a text of its own, the title at a tick would be the label of the tick.
      unifiedhovertitle: { text: zone === "UTC" ? "" : `%{x|${HOVER}}${IN_UTC}` },
      showspikes: true, spikemode: "across", spikethickness: 1, spikedash: "solid", spikecolor: named("faint"),
    },
  };
  if (!panels.length && !lanes.length) {
    settings.yaxis = { ...grid, showgrid: false, showticklabels: false, fixedrange: true };
  }
  panels.forEach(({ unit, range }, number) => {
    const upper = 1 - number * (each + GAP / height);
    settings[axisName(number).replace("y", "yaxis")] = {
      ...grid, domain: [Math.max(upper - each, 0), upper], fixedrange: true, nticks: 8,
      title: { text: unit, standoff: 8 }, ...(range ? { range } : { autorange: true }),
    };
  });
  if (lanes.length) {
    const share = Math.min(total / height, 1);
    settings.yaxis2 = {
      ...grid, domain: panels.length ? [0, share] : [1 - share, 1], range: [total, 0], fixedrange: true,
      showgrid: false, tickvals: lanes.map(({ y }) => y), tickfont: { size: 10 }, ticks: "",
      ticktext: lanes.map(({ trace, number }) => coloured(short(trace.about.tag), colour(number))),
    };
    settings.xaxis.anchor = "y2";
  } else {
    settings.xaxis.anchor = axisName(Math.max(panels.length - 1, 0));
  }
  return settings;
}

const coloured = (text, name) => `<span style="color:${name}">${plain(text)}</span>`;
const short = (tag) => (tag.length > 18 ? `…${tag.slice(-17)}` : tag);
