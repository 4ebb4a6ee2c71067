// J and K go through the list; Enter opens, as on any link.
const rows = [...document.querySelectorAll("a.row")];

document.addEventListener("keydown", (event) => {
  const by = { j: 1, k: -1 }[event.key.toLowerCase()];
  if (!by || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.closest("textarea, select, input")) return;
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(Math.max(at + by, 0), rows.length - 1)]?.focus();
});
