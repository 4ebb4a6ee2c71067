// The view that both panes share: how much larger, and which point of the photo lies in the middle, from 0 to
// 1. The new item's photo may have other sides; a place in parts of the photo is the same place on both.
import { canvases } from "./photos.js";

const MOST = 12;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
export const view = { scale: 1, x: 0.5, y: 0.5 };

function place(canvas) {
  const { offsetWidth: width, offsetHeight: height } = canvas;
  const left = clamp(width / 2 - view.x * width * view.scale, width - width * view.scale, 0);
  const top = clamp(height / 2 - view.y * height * view.scale, height - height * view.scale, 0);
  canvas.style.transform = view.scale === 1 ? "none" : `translate(${left}px, ${top}px) scale(${view.scale})`;
  // Strokes grow with the photo unless they are told by how much to stay thin.
  canvas.style.setProperty("--zoom", view.scale);
  canvas.classList.toggle("zoomed", view.scale > 1);
}

export function apply() {
  const half = 0.5 / view.scale;
  view.x = clamp(view.x, half, 1 - half);
  view.y = clamp(view.y, half, 1 - half);
  canvases().forEach(place);
  document.dispatchEvent(new CustomEvent("view-changed"));
}

export function whole() {
  Object.assign(view, { scale: 1, x: 0.5, y: 0.5 });
  apply();
}

export function moveBy(dx, dy) {
  view.x += dx / view.scale;
  view.y += dy / view.scale;
  apply();
}

// Around a point of the pane, from 0 to 1, which stays where it is.
export function zoomBy(factor, px = 0.5, py = 0.5) {
  const before = view.scale;
  view.scale = clamp(before * factor, 1, MOST);
  view.x += (px - 0.5) * (1 / before - 1 / view.scale);
  view.y += (py - 0.5) * (1 / before - 1 / view.scale);
  apply();
}

export function zoomTo(x, y, scale) {
  Object.assign(view, { scale: clamp(scale, 1, MOST), x, y });
  apply();
}
