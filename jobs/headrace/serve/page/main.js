// The page: what is chosen leads to a question, its answer to a picture.

import { ask, file, Refused } from "./api.js";
import { draw, width } from "./chart.js";
import { dark } from "./colours.js";
import { inWords as quality } from "./quality.js";
import { chips, mark, searching } from "./tags.js";
import { back, HOUR, length, moved, read, write, zoomed } from "./view.js";
import { inWords as time, meant, OWN } from "./zone.js";

const PAUSE = 120;
const TURN = 400;
const WEEK = 168 * HOUR;
const at = (id) => document.getElementById(id);
const place = at("chart");

let view = read();
let extent = null;
let answer = null;
let drag = "zoom";
let waiting, stale, drawnAt;

const search = searching(() => view.tags, toggle);

function show(changes, options) {
  view = { ...view, ...changes };
  write(view, options);
  refresh();
}

function refresh() {
  mark(view.tags);
  told();
  busy(true);
  clearTimeout(waiting);
  waiting = setTimeout(load, PAUSE);
}

async function load() {
  stale?.abort();
  stale = new AbortController();
  const { signal } = stale;
  if (!view.tags.length) {
    answer = { traces: [] };
    picture("Choose a tag from the list.");
    busy(false);
    return;
  }
  at("status").textContent = `Loading ${counted(view.tags.length, "tag")} of ${length(view.span)} …`;
  try {
    answer = await ask("plot", [...asked(), ["pixels", width(place)]], signal);
    picture(summary());
  } catch (error) {
    if (signal.aborted) return;
    refused(error);
    at("status").textContent = "";
  } finally {
    if (!signal.aborted) busy(false);
  }
}

function picture(status) {
  at("problem").hidden = true;
  drawnAt = place.clientWidth;
  chips(answer.traces.map((trace) => trace.about), toggle);
  draw(place, answer, view, drag);
  at("status").textContent = status;
}

function refused(error) {
  const problems = error instanceof Refused ? error.problems : [{ what: String(error), fix: "reload the page" }];
  at("problem").textContent = problems.map(({ what, fix }) => (fix ? `${what}: ${fix}` : what)).join("\n");
  at("problem").hidden = false;
  chips(view.tags.map((tag) => answer?.traces.find((trace) => trace.about.tag === tag)?.about ?? { tag }), toggle);
}

function told() {
  const { start, end } = view.span;
  at("span").textContent = `${time(start, view.zone)} to ${time(end, view.zone)} ${view.zone === "UTC" ? "UTC" : OWN}, ${length(view.span)}`;
}

function summary() {
  const { traces } = answer;
  const within = traces.flatMap((trace) => trace.quality.filter((_, i) => trace.ts[i] >= view.span.start && trace.ts[i] < view.span.end));
  const silent = traces.filter((trace) => !trace.ts.some((ms) => ms >= view.span.start && ms < view.span.end));
  const strange = traces.reduce((sum, trace) => sum + trace.anomalies.found, 0);
  const parts = [counted(within.length, "reading") + " drawn", counted(strange, "anomaly", "anomalies")];
  for (const kind of ["bad", "uncertain"]) {
    if (within.some((status) => quality(status) === kind)) parts.push(`some ${kind}`);
  }
  if (silent.length) parts.push(`no readings here of ${silent.map((trace) => trace.about.tag).join(", ")}`);
  return parts.join(" · ");
}

const busy = (is) => place.setAttribute("aria-busy", is);

const counted = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

const asked = () => [
  ...view.tags.map((tag) => ["tag", tag]),
  ["start", new Date(view.span.start).toISOString()],
  ["end", new Date(view.span.end).toISOString()],
];

function toggle(tag) {
  const tags = view.tags.includes(tag) ? view.tags.filter((each) => each !== tag) : [...view.tags, tag];
  show({ tags });
}

async function save() {
  const button = at("csv");
  button.disabled = true;
  try {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await file("readings.csv", asked()));
    link.download = `${view.tags[0]}${view.tags.length > 1 ? "_and_more" : ""}_${new Date(view.span.start).toISOString().slice(0, 10)}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  } catch (error) {
    refused(error);
  } finally {
    button.disabled = false;
  }
}

function controls() {
  for (const button of document.querySelectorAll("[data-hours]")) {
    button.onclick = () => show({ span: { start: view.span.end - button.dataset.hours * HOUR, end: view.span.end } });
  }
  for (const button of document.querySelectorAll("[data-move]")) {
    button.onclick = () => show({ span: moved(view.span, Number(button.dataset.move)) });
  }
  for (const button of document.querySelectorAll("[data-zoom]")) {
    button.onclick = () => show({ span: zoomed(view.span, Number(button.dataset.zoom)) });
  }
  for (const button of document.querySelectorAll("[data-drag]")) {
    button.onclick = () => {
      drag = button.dataset.drag;
      document.querySelectorAll("[data-drag]").forEach((each) => each.setAttribute("aria-pressed", each === button));
      Plotly.relayout(place, { dragmode: drag });
    };
  }
  at("all").onclick = async () => show({ span: await whole() });
  at("newest").onclick = async () => {
    const { end } = await whole();
    show({ span: { start: end - (view.span.end - view.span.start), end } });
  };
  at("csv").onclick = save;
  at("zone").append(new Option("UTC", "UTC"), new Option(OWN, "local"));
  at("zone").onchange = (event) => show({ zone: event.target.value }, { asNew: false });
  place.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: () => moved(view.span, -0.25), ArrowRight: () => moved(view.span, 0.25),
      "+": () => zoomed(view.span, 0.5), "-": () => zoomed(view.span, 2) }[event.key];
    if (step) show({ span: step() });
    else if (event.key === "Backspace") back();
    else return;
    event.preventDefault();
  });
  addEventListener("popstate", () => {
    const kept = read();
    view = { ...kept, span: kept.span ?? view.span };
    at("zone").value = view.zone;
    refresh();
  });
  dark.addEventListener("change", () => answer && picture(at("status").textContent));
  new ResizeObserver(resized).observe(place);
}

// Another width asks for other readings; another height only for a picture of those that there are.
function resized() {
  if (!drawnAt) return;
  draw(place, answer, view, drag);
  if (drawnAt !== place.clientWidth) refresh();
}

function listen() {
  let turned = 0;
  place.on("plotly_relayout", (change) => {
    const [start, end] = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
    if (start === undefined || end === undefined) return;
    // A turn of the wheel is many changes, and one step on the way back.
    const asNew = performance.now() - turned > TURN;
    turned = performance.now();
    show({ span: { start: meant(start, view.zone), end: meant(end, view.zone) } }, { asNew });
  });
  place.on("plotly_doubleclick", back);
}

// The end is not in a span: a millisecond later, the last reading is.
async function whole() {
  extent = await ask("extent");
  if (extent.end === null) return { start: Date.now() - WEEK, end: Date.now() };
  return { start: Math.floor(extent.start), end: Math.floor(extent.end) + 1 };
}

async function begin() {
  controls();
  answer = { traces: [] };
  try {
    const [listed, { end }] = await Promise.all([search(), whole()]);
    view.span ??= { start: end - WEEK, end };
    if (!location.hash && listed.length) view.tags = [listed[0].tag];
    at("zone").value = view.zone;
    write(view, { asNew: false });
    await draw(place, answer, view, drag);
    listen();
    refresh();
  } catch (error) {
    refused(error);
  }
}

begin();
