// A key presses the element that names it in data-key.

export function listenForKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing) return;
    if (document.querySelector("dialog[open]") || event.target.closest("input, textarea, select")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const button = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key);
    if (!button) return;
    // Also Space on a focused button: the key means the same wherever the focus is.
    event.preventDefault();
    button.click();
  });
  document.addEventListener("keyup", (event) => {
    // Browsers press a focused button when Space goes up; ours was pressed when it went down.
    if (event.key === " " && event.target.closest("button[data-key]")) event.preventDefault();
  });
}
