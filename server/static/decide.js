// A decision needs a grade and a place to go; who changed the machine's opinion is asked once why. It is sent once.
import { form } from "./form.js";
import { seconds } from "./seconds.js";

const hint = form.querySelector("[data-hint]");
const needed = ["grade", "disposition"];
let sent = false;
let asked = false;

function missing() {
  const said = new FormData(form);
  return needed.filter((name) => !said.has(name));
}

function isUnexplained() {
  const { machineGrade: grade, machineDisposition: goes } = form.dataset;
  const said = new FormData(form);
  const same = !grade || (said.get("grade") === grade && said.get("disposition") === goes);
  return !same && !said.has("reasons") && form.querySelector("[name=reasons]") !== null;
}

function mark(names, words) {
  for (const name of [...needed, "reasons"]) {
    form.querySelector(`[name="${name}"]`)?.closest("fieldset").classList.toggle("missing", names.includes(name));
  }
  hint.textContent = words;
}

function allows(deciding) {
  if (!deciding) return true;
  const names = missing();
  if (names.length) mark(names, form.dataset.incomplete);
  else if (isUnexplained() && !asked) {
    asked = true;
    mark(["reasons"], form.dataset.unexplained);
  } else return true;
  return false;
}

form.noValidate = true;
form.addEventListener("submit", (event) => {
  const deciding = event.submitter?.matches("[data-submits]") ?? true;
  if (!allows(deciding) || sent) return event.preventDefault();
  form.elements.seconds.value = seconds();
  sent = true;
});
form.addEventListener("change", () => hint.textContent && mark(missing(), missing().length ? hint.textContent : ""));
window.addEventListener("pageshow", () => (sent = false));
