// The page: each change of the view sends a request, and its answer is drawn.

import { ask, file, Refused } from "./api.js";
import { draw, width, wordTimes } from "./chart.js";
import { dark } from "./colours.js";
import { compareEvents } from "./compare.js";
import { controls, modelChoice, tab } from "./controls.js";
import { eventList, keyOf } from "./eventlist.js";
import { pointers, silentTags } from "./silent.js";
import { asked, chips, mark, searching } from "./tags.js";
import { back, HOUR, length, read, write } from "./view.js";
import { counted, span, summary } from "./words.js";
import { ofAxis } from "./zone.js";

const PAUSE = 120;
const TURN = 400;
const WEEK = 168 * HOUR;
const at = (id) => document.getElementById(id);
const place = at("chart");

let view = read();
let answer = null;
let drag = "zoom";
let waiting, stale, drawnAt;

const search = searching(() => view.tags, toggle);
const events = eventList({ view: () => view, show }, (first, second) => compareEvents(first, second, view.zone));

function show(changes, options) {
  view = { ...view, problems: [], ...changes };
  write(view, options);
  refresh();
}

function refresh() {
  mark(view.tags);
  events.refresh();
  at("span").textContent = span(view);
  at("address").textContent = `${view.problems.join("; ")}: the page shows ${span(view)}`;
  at("address").hidden = !view.problems.length;
  at("csv").disabled = !view.tags.length;
  busy(true);
  // An answer to an earlier view would set the tags back to those that it was asked for.
  stale?.abort();
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
    pointers([]);
    busy(false);
    return;
  }
  at("status").textContent = `Loading ${counted(view.tags.length, "tag")} of ${length(view.span)} …`;
  try {
    answer = await plot(signal);
    if (hidesEvent()) {
      view.models = answer.models;
      answer = await plot(signal);
    }
    modelChoice(answer.models, view.models);
    view.tags = answer.traces.map(({ about }) => asked(about.tag)); // instead of a wildcard, what it stands for
    write(view, { asNew: false });
    picture(summary(answer.traces, view.span));
    busy(false);
    await pointers(silentTags(answer.traces, view.span).map(asked), view, show, signal);
  } catch (error) {
    if (signal.aborted) return;
    refused(error);
    // The curves of the view before would pass for those of this one.
    answer = { traces: [] };
    draw(place, answer, view, drag);
    at("status").textContent = "";
  } finally {
    if (!signal.aborted) busy(false);
  }
}

function plot(signal) {
  const models = view.models.map((model) => ["model", model]);
  return ask("plot", [...parameters(), ...models, ["pixels", width(place)]], signal);
}

// Whether the event that is open is one that only an older model has found: then all models are shown side by side.
function hidesEvent() {
  if (!view.event || view.models.length || answer.models.length < 2) return false;
  const trace = answer.traces.find(({ about }) => view.event.startsWith(`${about.tag}@`));
  return trace !== undefined && !trace.events.some((event) => keyOf(event) === view.event) && within(view.event);
}

function within(key) {
  const start = Date.parse(key.slice(key.lastIndexOf("@") + 1));
  return start >= view.span.start && start < view.span.end;
}

function picture(status) {
  at("problem").hidden = true;
  drawnAt = place.clientWidth;
  chips(answer.traces.map(({ about }) => ({ about, pattern: asked(about.tag) })), toggle);
  draw(place, answer, view, drag);
  at("status").textContent = status;
}

function refused(error) {
  const problems = error instanceof Refused ? error.problems : [{ what: String(error), fix: "reload the page" }];
  if (view.event && problems.some(({ what }) => what.startsWith("there is no tag"))) {
    problems.push({ what: "the event that is open outlived the readings of its tags, which have been deleted" });
  }
  at("problem").textContent = problems.map(({ what, fix }) => (fix ? `${what}: ${fix}` : what)).join("\n");
  at("problem").hidden = false;
  at("silent").hidden = true;
  const known = (pattern) => answer?.traces.find(({ about }) => asked(about.tag) === pattern)?.about;
  chips(view.tags.map((pattern) => ({ about: known(pattern) ?? { tag: pattern }, pattern })), toggle);
}

const busy = (is) => place.setAttribute("aria-busy", is);

const parameters = () => [
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
    link.href = URL.createObjectURL(await file("readings.csv", parameters()));
    const day = new Date(view.span.start).toISOString().slice(0, 10);
    link.download = `${view.tags[0]}${view.tags.length > 1 ? "_and_more" : ""}_${day}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  } catch (error) {
    refused(error);
  } finally {
    button.disabled = false;
  }
}

// A new width needs other readings; a new height only redraws the current ones.
function resized() {
  if (!drawnAt) return;
  draw(place, answer, view, drag);
  if (drawnAt !== place.clientWidth) refresh();
}

function listen() {
  let last = 0;
  place.on("plotly_relayout", (change) => {
    const [start, end] = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
    if (start === undefined || end === undefined) return;
    // One turn of the wheel causes many changes; they become one step of the browser history.
    const asNew = performance.now() - last > TURN;
    last = performance.now();
    show({ span: { start: ofAxis(start), end: ofAxis(end) } }, { asNew });
  });
  place.on("plotly_doubleclick", back);
  addEventListener("popstate", () => {
    const stored = read();
    view = { ...stored, span: stored.span ?? view.span };
    at("zone").value = view.zone;
    refresh();
  });
  dark.addEventListener("change", () => picture(at("status").textContent));
  new ResizeObserver(resized).observe(place);
}

// A span excludes its end: one millisecond more includes the last reading.
async function whole() {
  const extent = await ask("extent");
  if (extent.end === null) return { start: Date.now() - WEEK, end: Date.now() };
  return { start: Math.floor(extent.start), end: Math.floor(extent.end) + 1 };
}

function setDrag(mode) {
  drag = mode;
  Plotly.relayout(place, { dragmode: drag });
}

async function begin() {
  controls({ view: () => view, show, whole: (then) => whole().then(then, refused), save, drag: setDrag });
  answer = { traces: [] };
  try {
    const [listed, { end }] = await Promise.all([search(), whole()]);
    view.span ??= { start: end - WEEK, end };
    if (!location.hash && listed.length) view.tags = [asked(listed[0].tag)];
    at("zone").value = view.zone;
    if (view.event) tab("events-panel");
    events.search();
    write(view, { asNew: false });
    await draw(place, answer, view, drag);
    listen();
    wordTimes(place, () => view.zone);
    refresh();
  } catch (error) {
    refused(error);
  }
}

begin();
