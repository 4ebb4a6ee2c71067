// Opens the dialog that a button names in data-opens; the browser closes it with Esc.

export function openDialogs() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-opens]");
    if (button) document.getElementById(button.dataset.opens).showModal();
  });
}
