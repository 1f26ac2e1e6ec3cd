// Buttons and keys. They read and change the view through `page`, and know nothing about requests or the chart.

import { back, HOUR, moved, zoomed } from "./view.js";
import { OWN } from "./zone.js";

const at = (id) => document.getElementById(id);

export function controls(page) {
  const span = () => page.view().span;
  const each = (name, does) => {
    for (const button of document.querySelectorAll(`[data-${name}]`)) button.onclick = () => does(button.dataset[name]);
  };
  each("hours", (hours) => page.show({ span: { start: span().end - hours * HOUR, end: span().end } }));
  each("move", (share) => page.show({ span: moved(span(), Number(share)) }));
  each("zoom", (factor) => page.show({ span: zoomed(span(), Number(factor)) }));
  each("drag", (does) => {
    document.querySelectorAll("[data-drag]").forEach((one) => {
      one.setAttribute("aria-pressed", one.dataset.drag === does);
    });
    page.drag(does);
  });
  at("all").onclick = () => page.whole((all) => page.show({ span: all }));
  at("newest").onclick = () =>
    page.whole(({ end }) => page.show({ span: { start: end - (span().end - span().start), end } }));
  at("csv").onclick = page.save;
  at("zone").append(new Option("UTC", "UTC"), new Option(OWN, "local"));
  at("zone").onchange = (event) => page.show({ zone: event.target.value }, { asNew: false });
  at("model").onchange = (event) => page.show({ models: JSON.parse(event.target.value) }, { asNew: false });
  each("tab", tab);
  at("chart").addEventListener("keydown", (event) => keyed(event, page));
}

// Show one of the two lists next to the chart.
export function tab(name) {
  for (const button of document.querySelectorAll("[data-tab]")) {
    button.setAttribute("aria-selected", button.dataset.tab === name);
    at(button.dataset.tab).hidden = button.dataset.tab !== name;
  }
}

// The choice of models, if any has scored what is shown: one, several, or none.
export function modelChoice(models, chosen) {
  const choices = [["newest model", []], ...models.map((model) => [model, [model]])];
  if (models.length > 1) choices.push(["all models", models]);
  choices.push(["no model", ["none"]]);
  const given = JSON.stringify(chosen);
  if (!choices.some(([, value]) => JSON.stringify(value) === given)) choices.push([chosen.join(", "), chosen]);
  at("model").replaceChildren(...choices.map(([text, value]) => new Option(text, JSON.stringify(value))));
  at("model").value = given;
  at("model").hidden = !models.length && !chosen.length;
}

function keyed(event, page) {
  const { span } = page.view();
  const keys = { ArrowLeft: [moved, -0.25], ArrowRight: [moved, 0.25], "+": [zoomed, 0.5], "-": [zoomed, 2] };
  const step = keys[event.key];
  if (step) page.show({ span: step[0](span, step[1]) });
  else if (event.key === "Backspace") back();
  else return;
  event.preventDefault();
}
