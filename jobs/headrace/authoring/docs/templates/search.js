const field = document.getElementById("search");
const count = document.getElementById("found");
const sections = [...document.querySelectorAll("main section")];
const texts = new Map(sections.map((section) => [section, section.textContent.toLowerCase()]));

function search() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let hits = 0;
  for (const section of sections) {
    section.hidden = !words.every((word) => texts.get(section).includes(word));
    hits += !section.hidden;
  }
  document.querySelector(".overview").hidden = words.length > 0;
  for (const item of document.querySelectorAll("nav li")) {
    item.hidden = document.getElementById(item.firstChild.hash.slice(1)).hidden;
  }
  for (const list of document.querySelectorAll("nav ul")) {
    list.previousElementSibling.hidden = [...list.children].every((item) => item.hidden);
  }
  count.textContent = words.length ? `${hits} of ${sections.length}` : "";
}

field.addEventListener("input", search);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== field) {
    event.preventDefault();
    field.focus();
  }
});
document.addEventListener("click", (event) => {
  const link = event.target.closest("main a, nav h1 a");
  if (link && field.value) {
    field.value = "";
    search();
  }
});
if (matchMedia("(max-width: 760px)").matches) document.querySelector("nav details").open = false;
