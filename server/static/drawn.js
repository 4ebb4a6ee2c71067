// What a person drew stands below the models' findings, each with its class.
import { form } from "./form.js";
import { all, call, modelsCount, remove } from "./marks.js";

const rows = form.querySelector("[data-findings]");
const template = form.querySelector("[data-drawn]");
const none = form.querySelector("[data-none]");
export const classes = [...template.content.querySelectorAll("option")].map((one) => one.value);

function row(one) {
  const made = template.content.firstElementChild.cloneNode(true);
  made.dataset.finding = one.id;
  made.dataset.on = one.photo;
  made.querySelector(".class").addEventListener("change", (event) => {
    event.stopPropagation();
    call(one.id, event.target.value);
  });
  made.querySelector(".drop").addEventListener("click", () => remove(one.id));
  return made;
}

function render() {
  const drawn = all().filter((one) => one.drawn);
  for (const old of rows.querySelectorAll(".drawn")) {
    if (!drawn.some((one) => one.id === old.dataset.finding)) old.remove();
  }
  drawn.forEach((one, index) => {
    const mine = rows.querySelector(`[data-finding="${one.id}"]`) ?? rows.appendChild(row(one));
    mine.querySelector(".class").value = one.defect;
    mine.querySelector(".n").textContent = modelsCount + index + 1;
  });
  if (none) none.hidden = drawn.length > 0;
}

document.addEventListener("marks-changed", render);
render();
