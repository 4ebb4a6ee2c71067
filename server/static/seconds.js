// How long the case was really on the screen, in seconds: a hidden page does not count.
let seen_ms = 0;
let since = document.hidden ? null : performance.now();

function watch() {
  if (since !== null) seen_ms += performance.now() - since;
  since = document.hidden ? null : performance.now();
}

export function seconds() {
  watch();
  return (seen_ms / 1000).toFixed(1);
}

document.addEventListener("visibilitychange", watch);
