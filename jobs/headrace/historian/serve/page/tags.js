// The list of tags that match the search, and the chips of the selected tags.

import { ask, Refused } from "./api.js";
import { colour } from "./colours.js";
import { counted } from "./words.js";

const LISTED = 100;
const PAUSE = 150;

// The pattern that stands for this name alone: the API takes * and ? for wildcards, and ~ for what escapes them.
export const asked = (name) => name.replace(/[*?~]/g, "~$&");

export function searching(chosen, toggle) {
  const [box, results, found] = ["search", "results", "found"].map((id) => document.getElementById(id));
  let waiting, stale;

  async function search() {
    stale?.abort();
    stale = new AbortController();
    try {
      const answer = await ask("tags", { search: box.value, limit: LISTED }, stale.signal);
      const more = answer.found > answer.tags.length ? `, showing the first ${answer.tags.length}` : "";
      found.textContent = answer.found ? counted(answer.found, "tag") + more : "No matching tags";
      results.replaceChildren(...answer.tags.map((tag) => entry(tag, chosen().includes(asked(tag.tag)), toggle)));
      return answer.tags;
    } catch (error) {
      if (error instanceof Refused) found.textContent = error.message;
      return [];
    }
  }

  box.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, PAUSE);
  });
  return search;
}

export function mark(chosen) {
  for (const button of document.querySelectorAll("#results button")) {
    button.setAttribute("aria-pressed", chosen.includes(asked(button.dataset.tag)));
  }
}

export function chips(tags, remove) {
  const items = tags.map(({ about, pattern }, number) => {
    const chip = element("li", "chip");
    const dot = element("span", "dot");
    dot.style.background = colour(number);
    const button = element("button", "", "×");
    button.type = "button";
    button.setAttribute("aria-label", `Remove ${about.tag}`);
    button.addEventListener("click", () => remove(pattern));
    chip.title = [about.description, about.asset].filter(Boolean).join("\n");
    chip.append(dot, element("span", "name", about.tag), element("span", "unit", about.unit ?? ""), button);
    return chip;
  });
  document.getElementById("chosen").replaceChildren(...items);
}

function entry(tag, pressed, toggle) {
  const button = element("button", "");
  button.type = "button";
  button.dataset.tag = tag.tag;
  button.setAttribute("aria-pressed", pressed);
  button.append(element("span", "name", tag.tag), element("span", "unit", tag.unit ?? ""));
  button.append(element("span", "about", tag.description ?? ""), element("span", "asset", tag.asset ?? ""));
  button.addEventListener("click", () => toggle(asked(tag.tag)));
  const item = element("li", "");
  item.append(button);
  return item;
}

function element(name, className, text = "") {
  const node = document.createElement(name);
  node.className = className;
  node.textContent = text;
  return node;
}
