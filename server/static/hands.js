// Zoom and pan in either pane: wheel, pinch and drag with mouse or fingers; + and - and 0, Shift and arrows.
import { isTyping } from "./form.js";
import { moveBy, view, whole, zoomBy } from "./view.js";
import { leave } from "./zoom.js";

const [STEP, PAN, CLOSE] = [1.4, 0.12, 3];
const fingers = new Map();

function within(stage, x, y) {
  const area = stage.getBoundingClientRect();
  return [(x - area.left) / area.width, (y - area.top) / area.height];
}

function drag(stage, event) {
  const before = fingers.get(event.pointerId);
  if (!before) return;
  const [other, more] = [...fingers].filter(([id]) => id !== event.pointerId).map(([, at]) => at);
  fingers.set(event.pointerId, event);
  const { width, height } = stage.getBoundingClientRect();
  if (!other && view.scale > 1) moveBy((before.clientX - event.clientX) / width, (before.clientY - event.clientY) / height);
  if (!other || more) return;
  const far = (at) => Math.hypot(at.clientX - other.clientX, at.clientY - other.clientY) || 1;
  zoomBy(far(event) / far(before), ...within(stage, (event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2));
}

for (const stage of document.querySelectorAll("[data-stage]")) {
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    leave();
    zoomBy(Math.exp(-event.deltaY / 400), ...within(stage, event.clientX, event.clientY));
  }, { passive: false });
  stage.addEventListener("pointerdown", (event) => (fingers.set(event.pointerId, event), stage.setPointerCapture(event.pointerId)));
  stage.addEventListener("pointermove", (event) => drag(stage, event));
  stage.addEventListener("dblclick", (event) => (view.scale > 1 ? whole() : zoomBy(CLOSE, ...within(stage, event.clientX, event.clientY))));
  for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, (event) => fingers.delete(event.pointerId));
}

const keys = { "+": () => zoomBy(STEP), "=": () => zoomBy(STEP), "-": () => zoomBy(1 / STEP), 0: () => (leave(), whole()) };
const pans = { ArrowLeft: [-PAN, 0], ArrowRight: [PAN, 0], ArrowUp: [0, -PAN], ArrowDown: [0, PAN] };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event)) return;
  const pan = event.shiftKey && pans[event.key];
  if (!pan) return keys[event.key]?.();
  moveBy(...pan);
  event.preventDefault();
  event.stopImmediatePropagation();
}, { capture: true });
