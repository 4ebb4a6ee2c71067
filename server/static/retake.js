// Back to the bench: a digit, or a click, says which shot is wanted, and the case ends.
import { form } from "./form.js";

const dialog = document.getElementById("retake");
const wishes = [...dialog.querySelectorAll("[data-wish]")];

function send(button) {
  form.elements.wish.value = button.dataset.wish;
  dialog.close();
  form.requestSubmit(form.querySelector("[data-retakes]"));
}

for (const button of wishes) button.addEventListener("click", () => send(button));
dialog.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  const found = wishes.find((button) => button.dataset.digit === event.key);
  if (found) send(found);
});
