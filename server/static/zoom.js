// Z goes to the chosen finding, or to the middle, and follows the finding until it is switched off.
import "./chosen.js";
import { shown } from "./photos.js";
import { apply, whole, zoomTo } from "./view.js";

const [LEAST, MOST] = [2, 8];
const button = document.querySelector("[data-zooms]");
export const leave = () => button.setAttribute("aria-pressed", "false");

// In parts of the pane: the middle of the chosen box, and how much larger it fills half of the pane.
function target(canvas) {
  const box = canvas?.querySelector(".box.chosen .line")?.getBoundingClientRect();
  const area = canvas?.getBoundingClientRect();
  if (!box?.width) return [0.5, 0.5, LEAST];
  // The canvas may be enlarged already; its own sides are not.
  const room = Math.min(area.width / box.width, area.height / box.height) / 2;
  const [x, y] = [box.left + box.width / 2 - area.left, box.top + box.height / 2 - area.top];
  return [x / area.width, y / area.height, Math.min(Math.max(room, LEAST), MOST)];
}

function follow() {
  if (button.getAttribute("aria-pressed") === "true") zoomTo(...target(shown()?.querySelector(".canvas")));
  else apply();
}

button.addEventListener("click", () => {
  const on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(on));
  if (on) follow();
  else whole();
});
document.addEventListener("photo-shown", follow);
document.addEventListener("finding-chosen", follow);
addEventListener("resize", apply);
