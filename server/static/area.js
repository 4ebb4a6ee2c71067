// Boxes in pixels of the photo that is shown: kept inside it, shifted, and found under a finger.
import { shown } from "./photos.js";

const REACH_PX = 18;
export const overlay = () => shown()?.querySelector(".boxes");

export function size() {
  const { width, height } = overlay().viewBox.baseVal;
  return [width, height];
}

// From the screen into pixels of the photo; `unit` of them are one pixel of the screen.
export function toPhoto(event) {
  const matrix = overlay().getScreenCTM().inverse();
  const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
  return { x: at.x, y: at.y, unit: matrix.a };
}

// A tenth of a pixel is as exact as anybody draws; no box is smaller than a pixel.
export function fitted([x1, y1, x2, y2]) {
  const [width, height] = size();
  const round = (value, most) => Math.round(Math.min(Math.max(value, 0), most) * 10) / 10;
  const [left, top] = [round(Math.min(x1, x2), width - 1), round(Math.min(y1, y2), height - 1)];
  return [left, top, Math.max(round(Math.max(x1, x2), width), left + 1), Math.max(round(Math.max(y1, y2), height), top + 1)];
}

export function shifted([x1, y1, x2, y2], dx, dy) {
  const [width, height] = size();
  const x = Math.min(Math.max(dx, -x1), width - x2);
  const y = Math.min(Math.max(dy, -y1), height - y2);
  return fitted([x1 + x, y1 + y, x2 + x, y2 + y]);
}

export const isInside = ([x1, y1, x2, y2], at) => at.x > x1 && at.x < x2 && at.y > y1 && at.y < y2;

// The corner opposite to the one under the finger, which stays where it is; none when no corner is there.
export function fixedCorner([x1, y1, x2, y2], at) {
  const corners = [[x1, y1, x2, y2], [x2, y1, x1, y2], [x2, y2, x1, y1], [x1, y2, x2, y1]];
  return corners.find(([x, y]) => Math.hypot(at.x - x, at.y - y) <= REACH_PX * at.unit)?.slice(2);
}
