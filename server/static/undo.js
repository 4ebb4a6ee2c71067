// Undo and redo of everything on the form: each change leaves a picture of the form behind.
import "./draft.js";
import { changed, form, isTyping, read, write } from "./form.js";

const back = document.querySelector("[data-undo]");
const forth = document.querySelector("[data-redo]");
const MOST = 200;
const past = [];
let future = [];
let now = JSON.stringify(read());

function show() {
  back.disabled = !past.length;
  forth.disabled = !future.length;
}

form.addEventListener("change", () => {
  const then = JSON.stringify(read());
  if (then === now) return;
  past.push(now);
  if (past.length > MOST) past.shift();
  [now, future] = [then, []];
  show();
});

function go(from, to) {
  if (!from.length) return;
  to.push(now);
  now = from.pop();
  write(JSON.parse(now));
  changed();
  show();
}

back.addEventListener("click", () => go(past, future));
forth.addEventListener("click", () => go(future, past));
document.addEventListener("keydown", (event) => {
  if (!event.ctrlKey || event.altKey || isTyping(event)) return;
  const key = event.key.toLowerCase();
  if (key === "z" && !event.shiftKey) go(past, future);
  else if (key === "y" || key === "z") go(future, past);
  else return;
  event.preventDefault();
});
