// A button with data-opens="id" opens that dialog; the same key, Esc or a click beside it closes it.
for (const button of document.querySelectorAll("[data-opens]")) {
  const dialog = document.getElementById(button.dataset.opens);
  button.addEventListener("click", () => dialog.showModal());
  dialog.addEventListener("keydown", (event) => {
    if (event.key === button.dataset.key && !event.repeat) dialog.close();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}
