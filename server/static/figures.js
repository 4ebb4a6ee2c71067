// What the rules make of the reviewer's evidence, written into the page.
const figures = document.querySelector(".figures");

function gate([clause, text]) {
  const line = document.createElement("p");
  line.className = "gate";
  const code = document.createElement("code");
  code.textContent = clause;
  line.append(code, ` ${text}`);
  return line;
}

export function show(told) {
  if (!told.grade || !figures) return;
  for (const row of figures.querySelectorAll("[data-grade]")) {
    const [share, text] = told.grade[row.dataset.grade];
    row.querySelector(".meter rect:last-child").setAttribute("width", share);
    row.querySelector(".number").textContent = text;
  }
  for (const row of figures.querySelectorAll("[data-score]")) row.querySelector("dd").textContent = told.scores[row.dataset.score] ?? "–";
  const announced = figures.querySelector("[data-announced]");
  announced.textContent = told.announced;
  announced.className = `grade grade-${told.announced}`;
  figures.querySelector("[data-goes]").textContent = told.goes;
  figures.querySelector("[data-gates]").replaceChildren(...told.gates.map(gate));
}
