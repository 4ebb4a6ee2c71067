// A form with data-sure asks once more: the first press turns its button into the question, the second sends.
for (const form of document.querySelectorAll("form[data-sure]")) {
  const button = form.querySelector("button");
  const said = [...button.childNodes];
  const calm = () => {
    button.classList.remove("sure");
    button.replaceChildren(...said);
  };
  form.addEventListener("submit", (event) => {
    if (button.classList.contains("sure")) return;
    event.preventDefault();
    button.classList.add("sure");
    button.textContent = form.dataset.sure;
    button.focus();
  });
  button.addEventListener("blur", calm);
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !button.classList.contains("sure")) return;
    event.stopPropagation(); // elsewhere Escape leaves the page
    calm();
  });
}
