// One rule for all keys: what names a key in data-key is clicked, and a field is focused.
const FIELDS = "textarea, select, input:not([type=radio]):not([type=checkbox])";

function named(key) {
  const wanted = key.length === 1 ? key.toLowerCase() : key;
  const all = [...document.querySelectorAll("[data-key]")];
  return all.find((one) => one.dataset.key.split(" ").includes(wanted) && !one.closest("[hidden]"));
}

function concerns(event) {
  if (event.isComposing || event.altKey || event.metaKey || document.querySelector("dialog[open]")) return false;
  if (event.target.closest(FIELDS)) return event.ctrlKey && event.key === "Enter";
  // A focused link or button answers to Enter by itself.
  if (event.key === "Enter" && event.target.closest("a[href], button, summary")) return false;
  return !event.ctrlKey;
}

document.addEventListener("keydown", (event) => {
  // A held Enter acts once, also where the browser itself would press the button or send the form.
  if (event.repeat && event.key === "Enter" && !event.target.closest("textarea")) event.preventDefault();
  const field = event.target.closest(FIELDS);
  if (field && event.key === "Escape") return field.blur();
  const found = concerns(event) && named(event.key);
  if (!found) return;
  event.preventDefault();
  if (event.repeat) return;
  if (found.matches(FIELDS)) found.focus();
  else found.click();
});
