// @ts-check
// Small images: a cell to draw one in, what the network says of it, and the examples as pictures.

const MOST_PICTURES = 80;
const edge = data.side || 0; // how many pixels an edge has
const cell = new Float64Array(edge * edge);
let brush = [Math.floor(edge / 2), Math.floor(edge / 2)]; // where the keyboard's brush stands

/** Paint the cell and what the network answers for it. */
function paintImages() {
  const context = $("cell").getContext("2d");
  paintPixels(context, cell, false);
  if (document.activeElement === $("cell")) {
    context.fillStyle = "rgb(213 94 0 / 60%)";
    context.fillRect(brush[0], brush[1], 1, 1);
  }
  const found = shown.forward(cell);
  $("drawn").textContent = `The output is ${Array.from(found, four).join(", ")}.`;
  if (!K) return;
  const best = answer(found);
  [...$("guesses").children].forEach((child, at) => {
    const k = Math.floor(at / 3);
    child.classList.toggle("best", k === best);
    if (at % 3 === 1) child.style.width = `${(100 * shares[k]).toFixed(1)}%`;
    if (at % 3 === 2) child.textContent = shares[k].toFixed(2);
  });
  $("drawn").textContent = `The network says ${labelText(data.labels[best])}.`;
}

/** Mark which pictures are answered wrong, and which one is chosen. @param {Set<number>} wrong */
function markPictures(wrong) {
  [...$("gallery").children].forEach((button, k) => {
    button.classList.toggle("wrong", wrong.has(k));
    button.setAttribute("aria-pressed", String(k === chosen.example));
  });
}

/** Put ink where the brush is, and half as much beside it. @param {number} column @param {number} row */
function inkAt(column, row) {
  for (const [dx, dy, part] of [[0, 0, 1], [1, 0, 0.45], [-1, 0, 0.45], [0, 1, 0.45], [0, -1, 0.45]]) {
    const [x, y] = [column + dx, row + dy];
    if (x < 0 || y < 0 || x >= edge || y >= edge) continue;
    cell[y * edge + x] = Math.max(cell[y * edge + x], part * data.brightest);
  }
  paintImages();
}

/** @param {PointerEvent} event */
function drawInCell(event) {
  if (event.type === "pointerdown") $("cell").setPointerCapture(event.pointerId);
  else if (event.buttons === 0) return;
  const box = $("cell").getBoundingClientRect();
  /** @param {number} at @param {number} start @param {number} length */
  const pixel = (at, start, length) => Math.floor((edge * (at - start)) / length);
  inkAt(pixel(event.clientX, box.left, box.width), pixel(event.clientY, box.top, box.height));
}

/** Arrow keys move the brush, Enter and Space put ink. @param {KeyboardEvent} event */
function keyInCell(event) {
  const move = arrowOf(event);
  if (!move && event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  if (move) brush = brush.map((number, axis) => Math.max(0, Math.min(edge - 1, number + move[axis])));
  else inkAt(brush[0], brush[1]);
  paintImages();
}

/** Show the pictures and the answers' bars. */
function buildImages() {
  $("guesses").replaceChildren(...data.labels.flatMap((label) => [element("b", { textContent: labelText(label) }), element("i"), element("span")]));
  const count = Math.min(examples.count, MOST_PICTURES);
  const pictures = Array.from({ length: count }, (_, k) => {
    const canvas = element("canvas", { width: edge, height: edge });
    const [x, y] = exampleAt(examples, k);
    paintPixels(canvas.getContext("2d"), x, false);
    const button = element("button", { type: "button" }, canvas);
    button.setAttribute("aria-label", `Example ${k}, target ${labelText(y)}`);
    button.onclick = () => choose({ example: k });
    return button;
  });
  $("gallery").replaceChildren(...pictures);
  takeExample();
}

/** Put the chosen example into the cell, to be changed. */
function takeExample() {
  if (isImage) cell.set(exampleAt(examples, chosen.example)[0]);
}
