// What the next stroke does to boxes: draw a new one, edit the chosen one, or nothing. One place says which.
const stage = document.querySelector('[data-stage="returned"]');
const hints = { edit: document.querySelector("[data-editing]"), draw: document.querySelector("[data-drawing]") };
const buttons = { edit: document.querySelector("[data-grabs]"), draw: document.querySelector("[data-draws]") };
let mode = "";

export const now = () => mode;

export function enter(next) {
  mode = next;
  for (const name of ["edit", "draw"]) {
    hints[name].hidden = mode !== name;
    buttons[name].setAttribute("aria-pressed", String(mode === name));
  }
  stage.classList.toggle("edits", mode !== "");
}

document.addEventListener("photo-shown", () => mode && enter(""));
