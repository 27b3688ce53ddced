// @ts-check
// The drawing of the network: a box for each neuron, which shows what it computes, and the weights between.

const MOST_BOXES = 128; // in a column
const MOST_WIRES = 6000;
const TALL = 16; // boxes below one another
const columns = data.columns;
const isImage = data.view === "image";
const onGrid = onPlane || flat;

/** @type {Chosen} */
const chosen = { example: 0, column: columns.length - 1, neuron: 0, term: null };

/** The products of a neuron: for each the input's place, and the weight's. @param {number} c @param {number} i */
function productsOf(c, i) {
  const { weights, inputs, rows } = columns[c];
  if (!weights) return [];
  const [input, weight] = rows[i];
  return inputs[input].map((from, k) => ({ from, at: weights[weight][k] }));
}

/** What a number of a column is called. @param {number} c @param {number} i @param {string} [name] of the column */
const nameOf = (c, i, name = columns[c].title) => (columns[c].size === 1 ? name : `${name}[${i}]`);

/** @type {Box[]} */
let boxes = [];
/** @type {Wire[]} */
let wires = [];
let side = 40;

/** Whether a column is one picture. @param {number} c */
const isPicture = (c) => isImage && c === 0;
/** How many boxes a column has. @param {number} c */
const shownIn = (c) => (isPicture(c) ? 1 : Math.min(columns[c].size, MOST_BOXES));
/** How many of them stand side by side. @param {number} c */
const acrossIn = (c) => Math.ceil(shownIn(c) / TALL);

/** Lay the network out anew for the width there is. */
function buildNetwork() {
  const frame = $("network");
  const width = frame.clientWidth;
  const tall = Math.max(...columns.map((_, c) => Math.ceil(shownIn(c) / acrossIn(c))));
  const height = Math.max(width > 600 ? 460 : 300, Math.min(530, 44 + tall * 44));
  frame.style.height = `${height}px`;
  const across = columns.reduce((sum, _, c) => sum + acrossIn(c), 0);
  side = Math.max(10, Math.min(58, (height - 40) / tall - 5, (0.62 * width) / across - 3));
  const widths = columns.map((_, c) => (isPicture(c) ? Math.min(96, width / 5) : acrossIn(c) * (side + 3)));
  const gap = (width - 36 - widths.reduce((sum, each) => sum + each, 0)) / Math.max(1, columns.length - 1);
  frame.replaceChildren($("wires"));
  boxes = [];
  let left = 12;
  columns.forEach((_, c) => {
    const rows = Math.ceil(shownIn(c) / acrossIn(c));
    const middle = left + widths[c] / 2;
    frame.append(element("span", { className: "head", textContent: headOf(c), style: `left:${middle}px` }));
    for (let i = 0; i < shownIn(c); i++) {
      const x = isPicture(c) ? middle : left + (side + 3) * (Math.floor(i / rows) + 0.5);
      const y = 28 + (height - 34) * (((i % rows) + 0.5) / rows);
      addBox(c, i, x, y, isPicture(c) ? widths[c] : side);
    }
    left += widths[c] + gap;
  });
  buildWires();
  markChosen();
}

/** What stands over a column. @param {number} c */
function headOf(c) {
  const column = columns[c];
  const more = column.size > MOST_BOXES && !isPicture(c) ? `, ${MOST_BOXES} shown` : "";
  if (c === 0) return isImage ? "image" : column.size > 1 ? "inputs" : "input";
  const last = c === columns.length - 1;
  const kind = column.activation ? ` ${column.activation.name}` : "";
  return last ? `output${column.size > 1 ? "s" : ""}${kind}` : `${column.title}: ${column.size}${kind}${more}`;
}

/** @param {number} c @param {number} i @param {number} x @param {number} y @param {number} size */
function addBox(c, i, x, y, size) {
  const canvas = element("canvas", { width: onGrid ? GRID : data.side || 1, height: onGrid ? GRID : data.side || 1 });
  const box = element("button", { type: "button", className: isImage ? "neuron picture" : "neuron", tabIndex: -1, title: nameOf(c, i) }, canvas);
  box.setAttribute("aria-label", isPicture(c) ? "image" : nameOf(c, i));
  Object.assign(box.style, { left: `${x}px`, top: `${y}px`, width: `${size}px`, height: `${size}px` });
  box.onclick = () => choose({ column: c, neuron: i, term: null });
  $("network").append(box);
  if (c === columns.length - 1 && K === columns[c].size) {
    const name = { className: "answer", textContent: labelText(data.labels[i]), style: `left:${x + size / 2 + 4}px;top:${y}px` };
    $("network").append(element("span", name));
  }
  boxes.push({ c, i, box, canvas, x, y, size });
}

/** @param {number} c @param {number} i */
const boxOf = (c, i) => boxes.find((each) => each.c === c && each.i === (isPicture(c) ? 0 : i));

/** Draw a line for each weight; where a column is not a layer, one for where its numbers come from. */
function buildWires() {
  wires = [];
  $("wires").replaceChildren();
  columns.forEach((column, c) => {
    if (!column.weights || isPicture(column.reads)) return column.sources.forEach((from) => addPlain(from, c));
    for (let i = 0; i < shownIn(c); i++) {
      productsOf(c, i).forEach(({ from, at }, k) => {
        const [start, end] = [boxOf(column.reads, from), boxOf(c, i)];
        if (start && end && wires.length < MOST_WIRES) addWire(start, end, c, i, k, at);
      });
    }
  });
  $("wires").append(...wires.map(({ path }) => path), ...wires.map(({ hit }) => hit));
}

/** @param {Box} start @param {Box} end */
function way(start, end) {
  const [x1, x2] = [start.x + start.size / 2, end.x - end.size / 2];
  const bend = (x2 - x1) * 0.4;
  const stops = [[x1 + bend, start.y], [x2 - bend, end.y], [x2, end.y]].map((stop) => stop.map((at) => at.toFixed(1)).join(" "));
  return `M${x1.toFixed(1)} ${start.y.toFixed(1)}C${stops.join(" ")}`;
}

/** @param {Box} start @param {Box} end @param {number} c @param {number} i @param {number} k @param {number} at */
function addWire(start, end, c, i, k, at) {
  const d = way(start, end);
  const [path, hit] = [drawn("path", { d }), drawn("path", { d, class: "hit" })];
  hit.addEventListener("click", () => choose({ column: c, neuron: i, term: k }));
  hit.append(drawn("title", {}, data.names[at]));
  wires.push({ path, hit, c, i, k, at, seen: "" });
}

/** A column that is no layer of its own: a thin line from the numbers before it. @param {number} from @param {number} to */
function addPlain(from, to) {
  const [starts, ends] = [boxes.filter(({ c }) => c === from), boxes.filter(({ c }) => c === to)];
  const together = starts.length === ends.length;
  starts.forEach((start, i) => {
    for (const end of together ? [ends[i]] : ends) {
      if (starts.length * ends.length < 600 || together) $("wires").append(drawn("path", { d: way(start, end), class: "plain" }));
    }
  });
}

// ---- Painting ---------------------------------------------------------------------------------

/** Show in each box what the neuron computes: over the plane or the line, or for the chosen example. */
function paintBoxes() {
  if (!onGrid) shown.forward(exampleAt(examples, chosen.example)[0]);
  for (const { c, i, canvas } of boxes) {
    const context = canvas.getContext("2d");
    if (!context) return;
    if (onPlane) paintField(context, c, i);
    else if (flat) paintLine(context, fields[c][i]);
    else if (isPicture(c)) paintPixels(context, exampleAt(examples, chosen.example)[0], false);
    else if (isImage && columns[c].reads === 0) paintPixels(context, productsOf(c, i).map(({ at }) => P[at]), true);
    else paintCell(context, canvas.width, valuesOf(columns[c]), i);
  }
}

/** @param {CanvasRenderingContext2D} context @param {number} c @param {number} i */
function paintField(context, c, i) {
  const image = context.createImageData(GRID, GRID);
  const numbers = fields[c][i];
  if (c === columns.length - 1 && columns[c].size === 1) return context.putImageData(imageOfOutputs(), 0, 0);
  let most = 1e-12;
  for (const number of numbers) most = Math.max(most, Math.abs(number));
  return context.putImageData(tintAll(image, numbers, 1 / most), 0, 0);
}

/** @param {CanvasRenderingContext2D} context @param {Float64Array} numbers */
function paintLine(context, numbers) {
  let [low, high] = [0, 0];
  for (const number of numbers) [low, high] = [Math.min(low, number), Math.max(high, number)];
  if (!(high > low)) high = low + 1;
  context.clearRect(0, 0, GRID, GRID);
  const down = (/** @type {number} */ number) => GRID * (0.9 - (0.8 * (number - low)) / (high - low));
  context.fillStyle = "#c9ced3";
  context.fillRect(0, down(0), GRID, 3);
  context.beginPath();
  numbers.forEach((number, at) => context.lineTo(at + 0.5, down(number)));
  context.lineWidth = GRID / 16;
  context.strokeStyle = inkOf(0);
  context.stroke();
}

/** A picture in shades of ink; of weights in orange and blue. @param {CanvasRenderingContext2D} context @param {Numbers} numbers @param {boolean} signed */
function paintPixels(context, numbers, signed) {
  const size = Math.round(Math.sqrt(numbers.length));
  if (size * size !== numbers.length) return;
  context.canvas.width = context.canvas.height = size;
  const image = context.createImageData(size, size);
  let most = signed ? 1e-12 : data.brightest;
  if (signed) for (const number of Array.from(numbers)) most = Math.max(most, Math.abs(number));
  if (signed) tintAll(image, numbers, 1 / most);
  for (let at = 0; !signed && at < numbers.length; at++) {
    const shade = 255 * (1 - numbers[at] / most);
    image.data.set([shade, shade, shade, 255], 4 * at);
  }
  context.putImageData(image, 0, 0);
}

/** One number as a colour, beside the largest of its column. @param {CanvasRenderingContext2D} context @param {number} size @param {Numbers} numbers @param {number} i */
function paintCell(context, size, numbers, i) {
  let most = 1e-12;
  for (const number of Array.from(numbers)) most = Math.max(most, Math.abs(number));
  context.fillStyle = tint(numbers[i] / most);
  context.fillRect(0, 0, size, size);
}

/** Make each line as thick as its weight, or as the gradient of the last batch, is large. */
function paintWires() {
  const numbers = $("edges").value === "weights" ? P : G;
  let most = 1e-12;
  for (const { at } of wires) most = Math.max(most, Math.abs(numbers[at]));
  for (const wire of wires) {
    const part = Math.abs(numbers[wire.at]) / most;
    const seen = `${(0.4 + 4.6 * part).toFixed(1)} ${(0.06 + 0.84 * part).toFixed(2)} ${numbers[wire.at] < 0}`;
    if (seen === wire.seen) continue;
    wire.seen = seen;
    const [thick, strength, negative] = seen.split(" ");
    wire.path.setAttribute("stroke-width", thick);
    wire.path.setAttribute("stroke-opacity", strength);
    wire.path.setAttribute("stroke", inkOf(negative === "true" ? 0 : 1));
    wire.path.classList.toggle("minus", negative === "true");
  }
  $("key").textContent = wires.length === 0 ? "" : `Orange, whole: positive; blue, broken: negative; thickest: ${four(most > 1e-12 ? most : 0)}`;
}

/** Mark the neuron and the weight that are chosen; only the neuron is reached by Tab, arrow keys go on from there. */
function markChosen() {
  for (const { c, i, box } of boxes) {
    const is = c === chosen.column && (i === chosen.neuron || isPicture(c));
    box.classList.toggle("chosen", is);
    box.tabIndex = is ? 0 : -1;
  }
  for (const { path, c, i, k } of wires) path.classList.toggle("chosen", c === chosen.column && i === chosen.neuron && k === chosen.term);
}

/** @param {KeyboardEvent} event */
function moveAmongBoxes(event) {
  const move = arrowOf(event);
  if (!move || !(event.target instanceof HTMLButtonElement)) return;
  event.preventDefault();
  const column = Math.max(0, Math.min(columns.length - 1, chosen.column + move[0]));
  const here = chosen.neuron / Math.max(1, shownIn(chosen.column) - 1);
  const neuron = move[0] ? Math.round(here * (shownIn(column) - 1)) : chosen.neuron + move[1];
  choose({ column, neuron: Math.max(0, Math.min(shownIn(column) - 1, neuron)), term: null });
  boxOf(chosen.column, chosen.neuron)?.box.focus();
}
