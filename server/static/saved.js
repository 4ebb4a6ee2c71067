// The server has said that an answer is saved: its draft is no longer needed, nor the address's mark.
const saved = document.querySelector("[data-saved]");
if (saved) {
  localStorage.removeItem(`draft:${saved.dataset.reviewer}:${saved.dataset.saved}`);
  const address = new URL(location.href);
  address.searchParams.delete("done");
  history.replaceState(null, "", address);
}
