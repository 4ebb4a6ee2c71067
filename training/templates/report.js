// Each .plot holds its figure as JSON; Plotly itself stands in the page above.
const config = { responsive: true, displayModeBar: false };
for (const place of document.querySelectorAll(".plot")) {
  const { data, layout } = JSON.parse(place.querySelector("script").textContent);
  Plotly.newPlot(place, data, layout, config);
}
