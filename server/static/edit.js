// Boxes by mouse and finger: draw a new one, drag the chosen one, or pull it by a corner.
import { fitted, fixedCorner, isInside, overlay, shifted, toPhoto } from "./area.js";
import { choose, chosenId } from "./chosen.js";
import { classes } from "./drawn.js";
import { changed } from "./form.js";
import { add, all, move, remove } from "./marks.js";
import { enter, now } from "./modes.js";
import { drawInTheMiddle } from "./nudge.js";
import { shown } from "./photos.js";

const LEAST_PX = 6;
const stage = document.querySelector('[data-stage="returned"]');
let drag = null;

function grabbed(from) {
  if (now() === "draw") {
    const id = add(shown().dataset.photo, fitted([from.x, from.y, from.x + 1, from.y + 1]), classes[0]);
    return { id, from, fixed: [from.x, from.y], isNew: true };
  }
  const here = all().filter((one) => one.photo === shown().dataset.photo);
  const mine = now() === "edit" && here.find((one) => one.id === chosenId());
  const fixed = mine && fixedCorner(mine.xyxy, from);
  if (fixed || (mine && isInside(mine.xyxy, from))) return { id: mine.id, from, fixed, was: mine.xyxy };
  choose(here.find((one) => isInside(one.xyxy, from))?.id);
  return null;
}

const strokes = {
  pointerdown: (event) => {
    if (!drag && overlay() && event.button === 0) drag = grabbed(toPhoto(event));
    if (drag) stage.setPointerCapture(event.pointerId);
  },
  pointermove: (event) => {
    const at = drag && toPhoto(event);
    if (drag?.fixed) move(drag.id, fitted([at.x, at.y, ...drag.fixed]));
    else if (drag) move(drag.id, shifted(drag.was, at.x - drag.from.x, at.y - drag.from.y));
  },
  pointerup: () => {
    const [x1, y1, x2, y2] = all().find((one) => one.id === drag?.id)?.xyxy ?? [0, 0, 0, 0];
    if (drag?.isNew && Math.max(x2 - x1, y2 - y1) < LEAST_PX * drag.from.unit) return remove(drag.id);
    if (drag) [choose(drag.id), enter("edit"), changed()];
  },
};
for (const [kind, act] of [...Object.entries(strokes), ["pointercancel", strokes.pointerup]]) {
  stage.addEventListener(kind, (event) => {
    act(event);
    if (drag) event.stopImmediatePropagation();
    if (kind === "pointerup" || kind === "pointercancel") drag = null;
  }, { capture: true });
}
document.querySelector("[data-draws]").addEventListener("click", ({ detail }) => overlay() && (detail ? enter(now() === "draw" ? "" : "draw") : drawInTheMiddle()));
document.querySelector("[data-grabs]").addEventListener("click", () => enter(now() === "edit" || !chosenId() ? "" : "edit"));
