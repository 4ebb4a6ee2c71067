// What is entered survives a closed browser and a dead computer: kept here at once, and by the server soon
// after, until the server has said that the answer is saved. The newer of the two is restored.
import { form, read, write } from "./form.js";

const KEY = `draft:${form.dataset.reviewer}:${form.dataset.case}`;
const SOON_MS = 1200;
let timer;
let newest = "";

function send() {
  clearTimeout(timer);
  if (!newest) return;
  const body = new URLSearchParams({ form_token: form.elements.form_token.value, draft: newest });
  newest = "";
  fetch(`${form.getAttribute("action")}/draft`, { method: "POST", body, keepalive: true, headers: { accept: "application/json" } }).catch(() => {});
}

function keep() {
  newest = JSON.stringify({ at: Date.now(), fields: read() });
  localStorage.setItem(KEY, newest);
  clearTimeout(timer);
  timer = setTimeout(send, SOON_MS);
}

function parsed(text) {
  try {
    return JSON.parse(text) ?? { at: 0 };
  } catch {
    return { at: 0 };
  }
}

const [here, there] = [parsed(localStorage.getItem(KEY)), parsed(form.dataset.draft || null)];
const kept = there.at > here.at ? there : here;
if (kept.fields) write(kept.fields);
form.addEventListener("input", keep);
form.addEventListener("change", keep);
// Whoever sends the answer needs no draft; whoever closes the page in the middle does.
form.addEventListener("submit", () => (newest = ""));
addEventListener("pagehide", send);
