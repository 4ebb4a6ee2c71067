// A decision needs a grade and a place to go; it is sent once.
const form = document.querySelector("form[data-case]");
const hint = form.querySelector("[data-hint]");
const needed = ["grade", "disposition"];
let sent = false;

function missing() {
  const said = new FormData(form);
  return needed.filter((name) => !said.has(name));
}

function mark(names) {
  for (const name of needed) {
    form.querySelector(`[name="${name}"]`).closest("fieldset").classList.toggle("missing", names.includes(name));
  }
  hint.textContent = names.length ? form.dataset.incomplete : "";
}

form.noValidate = true;
form.addEventListener("submit", (event) => {
  const deciding = event.submitter?.matches("[data-submits]") ?? true;
  const names = deciding ? missing() : [];
  if (names.length) mark(names);
  if (names.length || sent) event.preventDefault();
  else sent = true;
});
form.addEventListener("change", () => hint.textContent && mark(missing()));
window.addEventListener("pageshow", () => (sent = false));
