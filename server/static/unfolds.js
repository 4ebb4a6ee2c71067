// What a link leads to opens itself, and its first field takes the keys.
function open() {
  const found = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (!found || !("unfolds" in found.dataset)) return;
  found.open = true;
  found.querySelector("select, textarea")?.focus();
}

addEventListener("hashchange", open);
document.addEventListener("click", (event) => event.target.closest("a[href^='#']") && setTimeout(open));
open();
