// A sign of life for as long as somebody works here; without one the case goes to somebody else.
const form = document.querySelector("form[data-case]");
const lost = document.querySelector("[data-lost]");
const beat_ms = (Number(form.dataset.leaseS) * 1000) / 3;
const IDLE_MS = 10 * 60 * 1000;
let active_ms = performance.now();

async function renew() {
  if (document.hidden || performance.now() - active_ms > IDLE_MS) return;
  const headers = { accept: "application/json", "x-form-token": form.elements.form_token.value };
  try {
    const answer = await fetch(`${form.getAttribute("action")}/lease`, { method: "POST", headers });
    // 5xx and no network pass; what the server refuses for good is said.
    lost.hidden = answer.ok || answer.status >= 500;
    await answer.text();
  } catch {
    // Offline: the draft is kept in this browser, the next sign of life may get through.
  }
}

for (const kind of ["keydown", "pointerdown", "pointermove"]) {
  document.addEventListener(kind, () => (active_ms = performance.now()), { passive: true });
}
document.addEventListener("visibilitychange", renew);
setInterval(renew, beat_ms);
renew();
