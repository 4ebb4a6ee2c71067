// One rule for all keys: what names a key in data-key is clicked, and a field is focused.
const FIELDS = "textarea, select, input:not([type=radio], [type=checkbox])";

// Digits by their place: with Shift their letter differs from one keyboard to the next.
function nameOf(event) {
  const digit = /^Digit(\d)$/.exec(event.code)?.[1];
  if (digit && event.shiftKey && !/^\d$/.test(event.key)) return `Shift+${digit}`;
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}

function named(wanted) {
  // What the page is about comes before what every page has.
  const all = [...document.querySelectorAll("main [data-key]"), ...document.querySelectorAll("[data-key]")];
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
  const found = concerns(event) && named(nameOf(event));
  if (!found) return;
  event.preventDefault();
  if (event.repeat) return;
  if (found.matches(FIELDS)) found.focus();
  else found.click();
});
