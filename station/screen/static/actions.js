// Sends a button's form in the background and shows at once what it changed.

export function sendForms(refresh) {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    event.preventDefault();
    // Where the station does not answer, the refresh finds that too and says so.
    await fetch(form.action, { method: "POST", redirect: "manual" }).catch(() => null);
    refresh();
  });
}
