// Boxes on photos can be hidden, to look without being told where; the choice stays in this browser.
const KEY = "boxes-hidden";
const buttons = document.querySelectorAll('[data-toggles="boxes"]');

function apply(hidden) {
  document.body.classList.toggle("no-boxes", hidden);
  for (const button of buttons) button.setAttribute("aria-pressed", String(!hidden));
}

for (const button of buttons) {
  button.addEventListener("click", () => {
    const hidden = !document.body.classList.contains("no-boxes");
    localStorage.setItem(KEY, hidden ? "yes" : "");
    apply(hidden);
  });
}
apply(localStorage.getItem(KEY) === "yes");
