// Boxes by keyboard: M makes one in the middle of what is seen, G grabs the chosen one, arrows move, Shift resizes.
import { fitted, overlay, shifted, size } from "./area.js";
import { choose, chosenId } from "./chosen.js";
import { classes } from "./drawn.js";
import { changed, isTyping } from "./form.js";
import { add, all, call, move, remove } from "./marks.js";
import { enter, now } from "./modes.js";
import { shown } from "./photos.js";
import { view } from "./view.js";

const [HALF, STEP] = [0.06, 0.01];
const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const chosen = () => all().find((one) => one.id === chosenId());

export function drawInTheMiddle() {
  const [width, height] = size();
  const half = HALF * Math.max(width, height) / view.scale;
  const [x, y] = [view.x * width, view.y * height];
  choose(add(shown().dataset.photo, fitted([x - half, y - half, x + half, y + half]), classes[0]));
  enter("edit");
  changed();
}

function nudge({ key, shiftKey }) {
  const { id, xyxy: [x1, y1, x2, y2] } = chosen();
  const [dx, dy] = directions[key].map((way) => way * STEP * Math.max(...size()) / view.scale);
  if (!shiftKey) return move(id, shifted([x1, y1, x2, y2], dx, dy));
  move(id, fitted([x1, y1, Math.max(x2 + dx, x1 + 1), Math.max(y2 + dy, y1 + 1)]));
}

function vary() {
  const one = chosen();
  if (one?.drawn) call(one.id, classes[(classes.indexOf(one.defect) + 1) % classes.length]);
}

const [drop, leave] = [() => (remove(chosenId()), enter("")), () => enter("")];
const commands = { v: vary, Delete: drop, Backspace: drop, Enter: leave, Escape: leave, g: leave };
document.addEventListener("keydown", (event) => {
  if (!now() || !overlay() || isTyping(event) || event.ctrlKey || event.altKey || event.metaKey) return;
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const isNudge = name in directions && now() === "edit" && chosen();
  if (!isNudge && !commands[name]) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (isNudge) nudge(event);
  else if (!event.repeat) commands[name]();
}, { capture: true });
document.addEventListener("keyup", ({ key }) => now() === "edit" && key in directions && changed());
