// Findings one by one: J and K choose, Y and N say whether they are real and go on.
import { chosenId, chosenRow, rows, step } from "./chosen.js";
import { form, isTyping } from "./form.js";
import { remove } from "./marks.js";

function say(verdict) {
  const row = chosenRow();
  // What a person drew is real; to say that it is not is to take it away.
  if (row?.classList.contains("drawn")) return verdict === "rejected" ? remove(chosenId()) : step(1);
  const input = row?.querySelector(`input[value="${verdict}"]`);
  if (!input) return;
  const again = input.checked;
  // The same answer twice takes it back.
  input.checked = !again;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  if (!again) step(1);
}

function showVerdicts() {
  for (const row of rows()) {
    const rejected = row.querySelector("input[value=rejected]")?.checked ?? false;
    row.classList.toggle("rejected", rejected);
    document.querySelector(`.box[data-finding="${row.dataset.finding}"]`)?.classList.toggle("rejected", rejected);
  }
}

const actions = { j: () => step(1), k: () => step(-1), y: () => say("confirmed"), n: () => say("rejected") };

document.addEventListener("keydown", (event) => {
  // A key held down is one answer: verdicts become training labels.
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || isTyping(event)) return;
  actions[event.key.toLowerCase()]?.();
});
for (const kind of ["change", "written"]) form.addEventListener(kind, showVerdicts);
showVerdicts();
