// Live counts by server-sent events, only while somebody looks: a browser keeps few connections to a server.
const places = [...document.querySelectorAll("[data-count]")];
const midnight = new Date();
midnight.setHours(0, 0, 0, 0);
let source = null;

function listen() {
  if (document.hidden || !places.length) {
    source?.close();
    source = null;
  } else if (!source || source.readyState === EventSource.CLOSED) {
    source = new EventSource(`/queue/events?since=${encodeURIComponent(midnight.toISOString())}`);
    source.addEventListener("counts", ({ data }) => {
      const told = JSON.parse(data);
      for (const place of places) place.textContent = told[place.dataset.count] ?? place.textContent;
    });
  }
}

document.addEventListener("visibilitychange", listen);
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", listen);
listen();
