// One photo on the stage at a time, chosen in the strip, with the arrows, or by its finding.
const figures = [...document.querySelectorAll("[data-stage] [data-photo]")];
const links = [...document.querySelectorAll("[data-shows]")];

export function shown() {
  return figures.find((figure) => !figure.hidden);
}

export function show(sha) {
  if (!figures.some((figure) => figure.dataset.photo === sha)) return;
  for (const figure of figures) figure.hidden = figure.dataset.photo !== sha;
  for (const link of links) {
    if (link.dataset.shows === sha) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  document.dispatchEvent(new CustomEvent("photo-shown"));
}

function step(by) {
  const at = figures.indexOf(shown());
  if (at >= 0) show(figures[(at + by + figures.length) % figures.length].dataset.photo);
}

for (const link of links) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(link.dataset.shows);
  });
}
for (const button of document.querySelectorAll("[data-steps]")) {
  button.addEventListener("click", () => step(Number(button.dataset.steps)));
}
