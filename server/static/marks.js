// All boxes of the case: the models', where a person moved them, and what a person drew. The form's field
// "marks" is what is sent; everything on the screen is drawn from it.
import "./draft.js";
import { changed, form } from "./form.js";

const { marks: field } = form.elements;
const found = [...form.querySelectorAll("[data-findings] [data-xyxy]")].map(({ dataset }) => ({
  id: dataset.finding, photo: dataset.on, old: dataset.xyxy.split(",").map(Number),
}));

export const modelsCount = found.length;
const read = () => ({ moved: {}, drawn: [], ...(field.value ? JSON.parse(field.value) : {}) });

function write(next) {
  field.value = Object.keys(next.moved).length || next.drawn.length ? JSON.stringify(next) : "";
  document.dispatchEvent(new CustomEvent("marks-changed"));
}

export function all() {
  const { moved, drawn } = read();
  const theirs = found.map((one) => ({ ...one, xyxy: moved[one.id] ?? one.old, moved: one.id in moved }));
  return [...theirs, ...drawn.map((one) => ({ id: one.finding_id, photo: one.photo_sha256, xyxy: one.xyxy, defect: one.defect, drawn: true }))];
}

export function add(photo, xyxy, defect) {
  const next = read();
  const id = `drawn-${1 + Math.max(0, ...next.drawn.map((one) => Number(one.finding_id.slice(6))))}`;
  write({ ...next, drawn: [...next.drawn, { finding_id: id, defect, photo_sha256: photo, xyxy }] });
  return id;
}

export function move(id, xyxy) {
  const next = read();
  if (next.drawn.some((one) => one.finding_id === id)) {
    write({ ...next, drawn: next.drawn.map((one) => (one.finding_id === id ? { ...one, xyxy } : one)) });
  } else write({ ...next, moved: { ...next.moved, [id]: xyxy } });
}
// What a person drew goes away, what a model found goes back to where it was.
export function remove(id) {
  const next = read();
  delete next.moved[id];
  write({ ...next, drawn: next.drawn.filter((one) => one.finding_id !== id) });
  changed();
}

export function call(id, defect) {
  const next = read();
  write({ ...next, drawn: next.drawn.map((one) => (one.finding_id === id ? { ...one, defect } : one)) });
  changed();
}

form.addEventListener("written", () => document.dispatchEvent(new CustomEvent("marks-changed")));
