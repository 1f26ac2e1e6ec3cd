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
  at("chart").addEventListener("keydown", (event) => keyed(event, page));
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
