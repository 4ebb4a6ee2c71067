// Draws the boxes into the photos' overlays.
import "./drawn.js";
import { label } from "./label.js";
import { all } from "./marks.js";

const SVG = "http://www.w3.org/2000/svg";
const overlays = [...document.querySelectorAll('[data-stage="returned"] figure')].map((figure) => ({
  photo: figure.dataset.photo, svg: figure.querySelector(".boxes"),
}));

function element(name, facts) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(facts)) made.setAttribute(key, value);
  return made;
}

function box(svg, one) {
  const known = svg.querySelector(`[data-finding="${one.id}"]`);
  if (known) return known;
  const made = element("g", { class: "box drawn", "data-finding": one.id });
  for (const kind of ["under", "line", "tag"]) made.append(element("rect", { class: kind }));
  made.append(element("text", {}));
  svg.append(made);
  return made;
}

function put(svg, one) {
  const [x1, y1, x2, y2] = one.xyxy;
  const made = box(svg, one);
  for (const rect of made.querySelectorAll(".under, .line")) {
    for (const [key, value] of Object.entries({ x: x1, y: y1, width: x2 - x1, height: y2 - y1 })) rect.setAttribute(key, value);
  }
  made.classList.toggle("moved", Boolean(one.moved));
  if (one.drawn || one.moved) label(svg, made, one);
}

function render() {
  const boxes = all();
  for (const { photo, svg } of overlays) {
    for (const old of svg.querySelectorAll(".box.drawn")) {
      if (!boxes.some((one) => one.id === old.dataset.finding)) old.remove();
    }
    for (const one of boxes.filter((mine) => mine.photo === photo)) put(svg, one);
  }
}

document.addEventListener("marks-changed", render);
render();
