// The label of a box: above it, or within where there is no room; as large as the server's own.
const SHARE = 1 / 32;
const [LETTER, PADDING, HEIGHT] = [0.68, 0.7, 1.45];

function name(text, tag, one, font) {
  const row = document.querySelector(`li[data-finding="${one.id}"]`);
  text.textContent = `${row.querySelector(".n").textContent} ${row.querySelector("option:checked")?.textContent ?? ""}`;
  text.setAttribute("font-size", font);
  const letters = [...text.textContent].reduce((sum, letter) => sum + (letter > "\u2e80" ? 1.05 : LETTER), 0);
  tag.setAttribute("width", letters * font + font * PADDING);
  tag.setAttribute("height", font * HEIGHT);
}

export function label(svg, box, one) {
  const { width, height } = svg.viewBox.baseVal;
  const font = Math.max(width, height) * SHARE;
  const [text, tag] = [box.querySelector("text"), box.querySelector(".tag")];
  if (one.drawn) name(text, tag, one, font);
  const [left, top] = one.xyxy;
  const y = top >= font * HEIGHT ? top - font * HEIGHT : top;
  const x = Math.max(0, Math.min(left, width - Number(tag.getAttribute("width"))));
  tag.setAttribute("x", x);
  tag.setAttribute("y", y);
  text.setAttribute("x", x + font * PADDING / 2);
  text.setAttribute("y", y + font * 1.06);
}
