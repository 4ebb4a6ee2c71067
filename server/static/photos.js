// One shot at a time, chosen in the strip, with the arrows, or by its finding; the new item's photo of the
// same shot comes along.
const figures = [...document.querySelectorAll('[data-stage="returned"] [data-view]')];
const references = [...document.querySelectorAll('[data-stage="reference"] figure')];
const none = document.querySelector("[data-no-reference]");
const links = [...document.querySelectorAll("[data-shows]")];

export function shown() {
  return figures.find((figure) => !figure.hidden);
}

// What zooms and moves together.
export function canvases() {
  return [shown(), ...references.filter((one) => !one.hidden)].map((one) => one?.querySelector(".canvas")).filter(Boolean);
}

function show(wanted) {
  if (!wanted) return;
  for (const figure of figures) figure.hidden = figure !== wanted;
  for (const reference of references) reference.hidden = reference.dataset.shot !== wanted.dataset.shot;
  if (none) none.hidden = references.some((one) => !one.hidden);
  for (const link of links) {
    if (link.dataset.shows === wanted.dataset.view) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  document.dispatchEvent(new CustomEvent("photo-shown"));
}

// The same file may have been kept for two shots: what is shown already stays.
export function showPhoto(sha256) {
  if (shown()?.dataset.photo === sha256) return;
  show(figures.find((figure) => figure.dataset.photo === sha256));
}

function step(by) {
  const at = figures.indexOf(shown());
  show(figures[(at + by + figures.length) % figures.length]);
}

for (const link of links) {
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    show(figures.find((figure) => figure.dataset.view === link.dataset.shows));
  });
}
for (const button of document.querySelectorAll("[data-steps]")) {
  button.addEventListener("click", () => step(Number(button.dataset.steps)));
}
show(shown());
