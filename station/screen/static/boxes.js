// Shows or hides the boxes on photos, and remembers it on this machine.

const NAME = "secondlook-boxes-hidden";

export function toggleBoxes() {
  const root = document.documentElement;
  root.classList.toggle("boxes-hidden", localStorage.getItem(NAME) === "yes");
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-boxes]")) return;
    const hidden = root.classList.toggle("boxes-hidden");
    localStorage.setItem(NAME, hidden ? "yes" : "no");
  });
}
