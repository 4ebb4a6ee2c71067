// Which finding is looked at: its row, its box and its photo go together.
import "./overlay.js";
import { form } from "./form.js";
import { showPhoto } from "./photos.js";

const list = form.querySelector("[data-findings]");
let chosen = "";

export const rows = () => [...list.querySelectorAll("[data-finding]")];
export const chosenId = () => chosen;
export const chosenRow = () => rows().find((row) => row.dataset.finding === chosen);

function mark() {
  for (const row of rows()) row.classList.toggle("chosen", row.dataset.finding === chosen);
  for (const box of document.querySelectorAll(".box[data-finding]")) box.classList.toggle("chosen", box.dataset.finding === chosen);
}

export function choose(id) {
  const row = rows().find((one) => one.dataset.finding === id);
  if (!row) return;
  chosen = id;
  mark();
  row.scrollIntoView({ block: "nearest" });
  showPhoto(row.dataset.on);
  document.dispatchEvent(new CustomEvent("finding-chosen"));
}

export function step(by) {
  const all = rows();
  const at = all.indexOf(chosenRow());
  if (all.length) choose(all[Math.min(Math.max(at + by, 0), all.length - 1)].dataset.finding);
}

list.addEventListener("click", (event) => {
  const row = event.target.closest("[data-finding]");
  if (row) choose(row.dataset.finding);
});
document.addEventListener("marks-changed", () => {
  if (!chosenRow()) chosen = rows()[0]?.dataset.finding ?? "";
  mark();
});
choose(rows()[0]?.dataset.finding);
