// A chosen filter applies at once, and what is not asked for stays out of the address.
const form = document.querySelector("form[role=search]");
form.addEventListener("change", (event) => event.target.matches("[data-sends]") && form.requestSubmit());
form.addEventListener("formdata", ({ formData }) => {
  for (const [name, value] of [...formData]) {
    if (value === "") formData.delete(name);
  }
});
