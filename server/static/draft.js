// What is entered survives a closed browser: kept here until the server has said that it is saved.
const form = document.querySelector("form[data-case]");
const key = `draft:${form.dataset.reviewer}:${form.dataset.case}`;
const NOT_KEPT = new Set(["form_token", "opinion_id"]);

function keep() {
  const said = [...new FormData(form)].filter(([name, value]) => !NOT_KEPT.has(name) && value !== "");
  if (said.length) localStorage.setItem(key, JSON.stringify(said));
  else localStorage.removeItem(key);
}

function restore() {
  const kept = JSON.parse(localStorage.getItem(key) ?? "[]");
  for (const [name, value] of kept) {
    const fields = [...form.elements].filter((field) => field.name === name);
    for (const field of fields) {
      if (field.type === "radio") field.checked = field.value === value;
      else field.value = value;
    }
  }
}

restore();
form.addEventListener("input", keep);
form.addEventListener("change", keep);
