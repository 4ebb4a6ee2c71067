// The next five cases' photos are loaded while this one is looked at. They are kept for this browser for a
// while, not leased: what counts is who holds a case when it is served.
import { form } from "./form.js";

const CALM_MS = 400;

async function load() {
  const headers = { accept: "application/json", "x-form-token": form.elements.form_token.value };
  const answer = await fetch("/queue/ahead", { method: "POST", headers });
  if (!answer.ok) return;
  for (const one of await answer.json()) {
    for (const address of [...one.photos, ...one.thumbnails]) {
      await fetch(address, { priority: "low" }).then((photo) => photo.blob()).catch(() => {});
    }
  }
}

addEventListener("load", () => setTimeout(() => load().catch(() => {}), CALM_MS));
