// A button with data-copies="id" puts that text on the clipboard and says so; without a clipboard it selects the text.
for (const button of document.querySelectorAll("[data-copies]")) {
  const source = document.getElementById(button.dataset.copies);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.querySelector("span").textContent = button.dataset.done;
    } catch {
      // Plain HTTP from another machine has no clipboard: Ctrl+C copies what is selected.
      getSelection().selectAllChildren(source);
    }
  });
}
