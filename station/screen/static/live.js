// Keeps the changing part of the page as the station says it is, without ever reloading the page.
import { morph } from "./morph.js";

const EVERY_MS = 400;
const GIVE_UP_MS = 5000;

export function follow(root) {
  const lost = document.querySelector("[data-lost]");
  let tag = "";
  let timer = 0;
  let asked = 0;

  async function look() {
    clearTimeout(timer);
    const mine = ++asked;
    try {
      const answer = await fetch(root.dataset.live, {
        headers: tag ? { "If-None-Match": tag } : {},
        cache: "no-store",
        signal: AbortSignal.timeout(GIVE_UP_MS),
      });
      const html = answer.ok ? await answer.text() : "";
      // A key was pressed meanwhile: what comes after it is newer.
      if (mine !== asked) return;
      if (answer.ok) {
        tag = answer.headers.get("ETag") ?? "";
        const next = document.createElement("div");
        next.innerHTML = html;
        morph(root, next);
      }
      lost.hidden = answer.ok || answer.status === 304;
    } catch {
      if (mine !== asked) return;
      lost.hidden = false;
    }
    timer = setTimeout(look, document.hidden ? 10 * EVERY_MS : EVERY_MS);
  }

  document.addEventListener("visibilitychange", look);
  timer = setTimeout(look, EVERY_MS);
  return look;
}
