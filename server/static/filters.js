// A chosen filter applies at once, and what is not asked for stays out of the address.
const form = document.querySelector("form[role=search]");
form.addEventListener("change", (event) => event.target.matches("[data-sends]") && form.requestSubmit());
form.addEventListener("formdata", ({ formData }) => {
  // Days are the reader's own; the address says whose, so that it means the same to others.
  if (formData.get("from") || formData.get("to")) formData.set("zone", Intl.DateTimeFormat().resolvedOptions().timeZone);
  for (const [name, value] of [...formData]) {
    if (value === "") formData.delete(name);
  }
});
