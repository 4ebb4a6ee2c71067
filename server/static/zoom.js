// Zoom to the chosen finding, or to the middle; follows the finding until it is switched off.
import { shown } from "./photos.js";

const LEAST = 2;
const MOST = 8;
const button = document.querySelector("[data-zooms]");
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

function goal(canvas) {
  const box = canvas.querySelector(".box.chosen .line")?.getBoundingClientRect();
  const area = canvas.getBoundingClientRect();
  if (!box) return { x: area.width / 2, y: area.height / 2, scale: LEAST };
  const room = Math.min(area.width / box.width, area.height / box.height) / 2;
  return {
    x: box.left + box.width / 2 - area.left,
    y: box.top + box.height / 2 - area.top,
    scale: clamp(room, LEAST, MOST),
  };
}

function apply() {
  const canvas = shown()?.querySelector(".canvas");
  if (!canvas) return;
  canvas.style.transform = "none";
  canvas.style.setProperty("--zoom", 1);
  canvas.classList.remove("zoomed");
  if (button.getAttribute("aria-pressed") !== "true") return;
  const { x, y, scale } = goal(canvas);
  const { offsetWidth: width, offsetHeight: height } = canvas;
  const left = clamp(width / 2 - x * scale, width - width * scale, 0);
  const top = clamp(height / 2 - y * scale, height - height * scale, 0);
  // Strokes grow with the photo unless they are told by how much to stay thin.
  canvas.style.setProperty("--zoom", scale);
  canvas.classList.add("zoomed");
  canvas.style.transform = `translate(${left}px, ${top}px) scale(${scale})`;
}

button.addEventListener("click", () => {
  button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
  apply();
});
document.addEventListener("photo-shown", apply);
document.addEventListener("finding-chosen", apply);
