// Findings one by one: J and K choose, Y and N say whether they are real and go on.
import { showPhoto } from "./photos.js";

const rows = [...document.querySelectorAll(".findings [data-finding]")];
const boxes = [...document.querySelectorAll(".box[data-finding]")];
let at = 0;

function choose(index) {
  if (!rows.length) return;
  at = Math.min(Math.max(index, 0), rows.length - 1);
  const { finding, on } = rows[at].dataset;
  rows.forEach((row, i) => row.classList.toggle("chosen", i === at));
  for (const box of boxes) box.classList.toggle("chosen", box.dataset.finding === finding);
  rows[at].scrollIntoView({ block: "nearest" });
  showPhoto(on);
  document.dispatchEvent(new CustomEvent("finding-chosen"));
}

function say(verdict) {
  const input = rows[at]?.querySelector(`input[value="${verdict}"]`);
  if (!input) return;
  const again = input.checked;
  // The same answer twice takes it back.
  input.checked = !again;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  if (!again) choose(at + 1);
}

const actions = {
  j: () => choose(at + 1),
  k: () => choose(at - 1),
  y: () => say("confirmed"),
  n: () => say("rejected"),
};

document.addEventListener("keydown", (event) => {
  // A key held down is one answer: verdicts become training labels.
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("textarea, select, input:not([type=radio])")) return;
  actions[event.key.toLowerCase()]?.();
});
rows.forEach((row, index) => row.addEventListener("click", () => choose(index)));
choose(0);
