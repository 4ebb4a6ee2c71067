// While something goes on, the part marked data-live is fetched anew each second; nothing else moves.
import { tell } from "./times.js";

const EVERY_MS = 1000;

function swap(old, fresh) {
  // The keyboard stays where it was.
  const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
  old.replaceWith(fresh);
  tell(fresh);
  if (focused) document.getElementById(focused)?.focus();
}

async function refresh() {
  const old = document.querySelector("[data-live]");
  if (!old?.dataset.live) return;
  try {
    const answer = document.hidden ? null : await fetch(location.href, { headers: { accept: "text/html" } });
    // Signed out meanwhile: the answer is another page, and the next click will say so.
    if (answer?.ok && !answer.redirected) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-live]");
      if (fresh) swap(old, document.adoptNode(fresh));
    }
  } catch {
    // The server is away for a moment; what was shown last stays.
  }
  setTimeout(refresh, EVERY_MS);
}

setTimeout(refresh, EVERY_MS);
