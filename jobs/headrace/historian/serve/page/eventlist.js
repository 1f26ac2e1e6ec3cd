// The list of events next to the chart, its filters, and what is known of the event that is open.

import { ask, Refused } from "./api.js";
import { inWords } from "./events.js";
import { asked } from "./tags.js";
import { HOUR } from "./view.js";
import { counted } from "./words.js";
import { inWords as timeInWords } from "./zone.js";

const LISTED = 50;
const PAUSE = 150;
const MOST_TAGS = 20;
const at = (id) => document.getElementById(id);

export const keyOf = (event) => `${event.tag}@${new Date(event.started_at).toISOString()}`;

// The view that shows an event: its tag and the related ones, and as much time on both sides as it lasts.
export function viewOf(event) {
  const margin = Math.max(event.ended_at - event.started_at, 12 * HOUR);
  const tags = [event.tag, ...event.related].slice(0, MOST_TAGS).map(asked);
  return { tags, span: { start: event.started_at - margin, end: event.ended_at + margin }, event: keyOf(event) };
}

export function eventList(page, compare) {
  let limit = LISTED;
  let waiting, stale, first, answer;

  async function search() {
    stale?.abort();
    stale = new AbortController();
    try {
      answer = await ask("events", { ...filters(page.view().span), limit }, stale.signal);
      fill("event-cause", answer.causes);
      shown();
    } catch (error) {
      if (!(error instanceof Refused)) return;
      at("events-found").textContent = error.message;
      at("events").replaceChildren();
      at("events-more").hidden = true;
    }
  }

  function shown() {
    const more = answer.found - answer.events.length;
    at("events-found").textContent = first ? "Choose the event to compare with." : found(answer);
    at("events").replaceChildren(...answer.events.map(entry));
    at("events-more").textContent = `${more.toLocaleString("en")} more`;
    at("events-more").hidden = more <= 0;
    at("events-stop").hidden = !first;
    document.querySelector("#events .details")?.scrollIntoView({ block: "nearest" });
  }

  function entry(event) {
    const open = page.view().event === keyOf(event);
    const button = element("button", "", "");
    button.type = "button";
    button.setAttribute("aria-pressed", open);
    button.append(element("span", "name", event.tag), element("span", "unit", event.peak_score.toFixed(1)));
    const start = timeInWords(event.started_at, page.view().zone).replace(/:00$/, "");
    button.append(element("span", "about", start));
    button.append(element("span", "about", inWords({ ...event, related: [] }).replace(/, score [\d.]+/, "")));
    button.onclick = () => choose(event);
    const item = element("li", "");
    item.append(button);
    if (open) item.append(details(event));
    return item;
  }

  function choose(event) {
    if (!first) return page.show(viewOf(event));
    const other = first;
    first = null;
    shown();
    compare(other, event);
  }

  function details(event) {
    const box = element("div", "details");
    const said = event.note ? [`“${event.note}” ${event.noted_by}`] : [];
    if (event.acknowledged) said.push(`Acknowledged by ${event.acknowledged_by}`);
    if (event.suppressed_by) said.push(`No alert: ${event.suppressed_by.replaceAll("_", " ")}`);
    const related = event.related.length ? [`With ${event.related.join(", ")}`] : [];
    box.append(...[event.model, ...related, ...said].map((text) => element("p", "", text)));
    const start = new Date(event.started_at).toISOString().replace(/(:00)?\.000Z$/, "");
    const quoted = `'${event.tag.replaceAll("'", "'\\''")}'`;
    const command = `headrace events acknowledge ${quoted} ${start}${event.acknowledged ? " --undo" : ""}`;
    box.append(element("code", "", command));
    const copy = element("button", "", "Copy");
    copy.type = "button";
    copy.title = "This page changes nothing: run the command in a shell";
    copy.onclick = async () => {
      await navigator.clipboard.writeText(command);
      copy.textContent = "Copied";
    };
    const other = element("button", "", "Compare with …");
    other.type = "button";
    other.onclick = () => {
      first = event;
      shown();
    };
    box.append(copy, other);
    return box;
  }

  const again = () => {
    limit = LISTED;
    clearTimeout(waiting);
    waiting = setTimeout(search, PAUSE);
  };
  for (const id of ["event-tag", "event-cause", "event-said", "event-span"]) at(id).addEventListener("input", again);
  at("events-more").onclick = () => {
    limit = Math.min(limit + 150, 500);
    search();
  };
  at("events-stop").onclick = () => {
    first = null;
    shown();
  };
  return {
    search,
    refresh: () => (at("event-span").checked ? again() : answer && shown()),
  };
}

function filters(span) {
  const text = at("event-tag").value.trim();
  const chosen = { tag: /[*?]/.test(text) ? text : `*${asked(text)}*` };
  if (at("event-cause").value) chosen.cause = at("event-cause").value;
  if (at("event-said").value) chosen.acknowledged = at("event-said").value;
  if (at("event-span").checked) {
    chosen.since = new Date(span.start).toISOString();
    chosen.until = new Date(span.end).toISOString();
  }
  return chosen;
}

function found({ found: number, events, models }) {
  if (!models.length) return "No events: no model has scored this plant's readings, or none has found anything yet.";
  if (!number) return "No matching events";
  return counted(number, "event") + (number > events.length ? `, showing the newest ${events.length}` : "");
}

function fill(id, values) {
  const select = at(id);
  const known = [...select.options].map(({ value }) => value);
  for (const value of values) if (!known.includes(value)) select.append(new Option(value, value));
}

function element(name, className, text = "") {
  const node = document.createElement(name);
  node.className = className;
  node.textContent = text;
  return node;
}
