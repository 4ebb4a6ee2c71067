// The rules' figures follow what is said, computed by the server with the rules that count; with a grade
// comes where such an item goes, until the person says otherwise.
import "./draft.js";
import { show } from "./figures.js";
import { form } from "./form.js";

const SOON_MS = 150;
const address = `${form.getAttribute("action")}/judge`;
let timer;
let asked = 0;
let proposals = {};

function propose() {
  const grade = form.querySelector("input[name=grade]:checked")?.value;
  const chosen = form.querySelector("input[name=disposition]:checked");
  if (!grade || (chosen && chosen.dataset.proposed !== "yes")) return;
  const wanted = form.querySelector(`input[name=disposition][value="${proposals[grade]}"]`);
  if (!wanted || wanted === chosen) return;
  wanted.checked = true;
  wanted.dataset.proposed = "yes";
}

function take(told) {
  show(told);
  proposals = told.proposals ?? {};
  propose();
}

async function ask() {
  const number = ++asked;
  try {
    const answer = await fetch(address, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { accept: "application/json" } });
    if (answer.ok && number === asked) take(await answer.json());
  } catch {
    // Offline: the figures stay as they were; the next change asks again.
  }
}

form.addEventListener("change", (event) => {
  if (event.target.name === "disposition") delete event.target.dataset.proposed;
  if (event.target.name === "grade") propose();
  clearTimeout(timer);
  timer = setTimeout(ask, SOON_MS);
});
take(JSON.parse(form.dataset.live || "{}"));
// A restored draft says more than what the page was made with.
if (form.dataset.draft || form.elements.marks.value || form.querySelector(".findings input:checked")) ask();
