// @ts-check
// The surface: what the network answers everywhere in the plane, or along the line, and the examples on it.

const flat = data.view === "line";
const onPlane = data.view === "plane";
const GRID = flat ? 144 : 48; // cells from left to right
const cells = onPlane ? GRID * GRID : GRID;
let bounds = { left: 0, right: 1, bottom: 0, top: 1 };

/** Find what part of the plane holds all examples, with a margin. */
function findBounds() {
  const all = test ? [examples, test] : [examples];
  /** @param {(x: Float64Array, y: Float64Array) => number} read */
  const along = (read) => {
    const numbers = all.flatMap((from) => Array.from(from.rows, (k) => read(...exampleAt(from, k))));
    const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
    const margin = 0.15 * (high - low || 1);
    return [low - margin, high + margin];
  };
  const [left, right] = along((x) => x[0]);
  const [bottom, top] = K && flat ? [-0.15, 1.15] : along((x, y) => (flat ? y[0] : x[1]));
  bounds = { left, right, bottom, top };
}

/** The place of an example on the surface, from 0 to 1, down from the top. @param {Numbers} x @param {Numbers} y */
const spot = (x, y) => spotOf(x[0], onPlane ? x[1] : K ? Math.max(0, labelOf(y)) / (K - 1) : y[0]);

/** @param {number} x @param {number} y @returns {Pair} */
const spotOf = (x, y) => [
  (x - bounds.left) / (bounds.right - bounds.left),
  (bounds.top - y) / (bounds.top - bounds.bottom),
];

/** The numbers at a place of the surface. @param {number} across @param {number} down @returns {Pair} */
const numbersAt = (across, down) => [
  bounds.left + across * (bounds.right - bounds.left),
  bounds.top - down * (bounds.top - bounds.bottom),
];

/** For each neuron of each column its numbers over the grid. @type {Float64Array[][]} */
const fields = data.columns.map((column) => Array.from({ length: column.size }, () => new Float64Array(cells)));
const outputs = Array.from({ length: data.outputs }, () => new Float64Array(cells));
const answers = Array.from({ length: Math.max(1, K) }, () => new Float64Array(cells));

/** The numbers of a column, as the last example had them. @param {Column} column */
const valuesOf = (column) => shown.values[column.array] ?? new Float64Array(column.size);

/** Compute all of them. */
function computeFields() {
  const point = new Float64Array(wide);
  for (let at = 0; at < cells; at++) {
    const [across, down] = numbersAt(((at % GRID) + 0.5) / GRID, (Math.floor(at / GRID) + 0.5) / GRID);
    point[0] = across;
    if (onPlane) point[1] = down;
    const found = shown.forward(point);
    for (let k = 0; k < outputs.length; k++) outputs[k][at] = found[k];
    data.columns.forEach((column, c) => {
      const values = valuesOf(column);
      for (let i = 0; i < column.size; i++) fields[c][i][at] = values[i];
    });
    if (!K) continue;
    answer(found);
    for (let k = 0; k < K; k++) answers[k][at] = shares[k];
  }
}

/** The picture of the outputs, a pixel for each cell. */
function imageOfOutputs() {
  const image = new ImageData(GRID, GRID);
  const [low, high] = rangeOfTargets();
  const parts = new Float64Array(Math.max(1, K));
  if (K === 2) return tintAll(image, answers[1], 2, -1);
  if (!K) return tintAll(image, outputs[0], 2 / (high - low), (-2 * low) / (high - low) - 1);
  for (let at = 0; at < cells; at++) {
    for (let k = 0; k < K; k++) parts[k] = answers[k][at];
    mix(parts, image.data, 4 * at);
  }
  return image;
}

function rangeOfTargets() {
  const [low, high] = [Math.min(...examples.y), Math.max(...examples.y)];
  return high > low ? [low, high] : [low - 1, high + 1];
}

/** Paint what is behind the examples, and the examples. @param {Set<number>} wrong */
function paintSurface(wrong) {
  const size = $("surface").clientWidth || 322;
  const context = sharp($("surface"), size, size);
  context.clearRect(0, 0, size, size);
  if (onPlane) paintPlane(context, size);
  else paintCurves(context, size);
  if (test) paintPoints(context, size, test, new Set(), true);
  paintPoints(context, size, examples, wrong, false);
  if (examples.count) ring(context, spot(...exampleAt(examples, chosen.example)), size);
  if (document.activeElement === $("surface")) paintCross(context, size);
}

const stamp = document.createElement("canvas");
Object.assign(stamp, { width: GRID, height: GRID });

/** @param {CanvasRenderingContext2D} context @param {number} size */
function paintPlane(context, size) {
  stamp.getContext("2d")?.putImageData(imageOfOutputs(), 0, 0);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(stamp, 0, 0, size, size);
  if (K === 2) paintBorder(context, size, answers[1], 0.5);
}

/** Draw the line along which numbers on the grid reach a level, from square to square. @param {CanvasRenderingContext2D} context @param {number} size @param {Float64Array} numbers @param {number} level */
function paintBorder(context, size, numbers, level) {
  context.beginPath();
  for (let row = 0; row < GRID - 1; row++) {
    for (let column = 0; column < GRID - 1; column++) {
      const ends = crossings(column, row, numbers, level);
      for (let k = 0; k + 1 < ends.length; k += 2) {
        context.moveTo((ends[k][0] * size) / GRID, (ends[k][1] * size) / GRID);
        context.lineTo((ends[k + 1][0] * size) / GRID, (ends[k + 1][1] * size) / GRID);
      }
    }
  }
  context.lineWidth = 1.5;
  context.strokeStyle = "#1a1a1a";
  context.stroke();
}

/** Where the sides of a square of four cells cross a level, in cells. @param {number} column @param {number} row @param {Float64Array} numbers @param {number} level */
function crossings(column, row, numbers, level) {
  const corners = [[column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1]];
  const heights = corners.map(([c, r]) => numbers[r * GRID + c] - level);
  /** @type {Pair[]} */
  const found = [];
  for (let side = 0; side < 4; side++) {
    const next = (side + 1) % 4;
    if (heights[side] > 0 === heights[next] > 0) continue;
    const part = heights[side] / (heights[side] - heights[next]);
    const along = (/** @type {number} */ axis) => corners[side][axis] + part * (corners[next][axis] - corners[side][axis]);
    found.push([along(0) + 0.5, along(1) + 0.5]);
  }
  return found;
}

/** Draw the outputs along the line; of labels, how likely each is. @param {CanvasRenderingContext2D} context @param {number} size */
function paintCurves(context, size) {
  const [, zero] = spotOf(bounds.left, 0);
  context.strokeStyle = "#c9ced3";
  context.lineWidth = 1;
  context.strokeRect(-1, zero * size, size + 2, 0);
  const curves = K === 2 ? [answers[1]] : K ? answers : outputs;
  curves.forEach((numbers, k) => {
    context.beginPath();
    numbers.forEach((number, at) => {
      const [across, down] = spotOf(bounds.left + ((at + 0.5) / GRID) * (bounds.right - bounds.left), number);
      context.lineTo(across * size, down * size);
    });
    context.lineWidth = 3;
    context.strokeStyle = inkOf(K === 2 ? 1 : k);
    context.stroke();
  });
}

/** @param {CanvasRenderingContext2D} context @param {number} size @param {Examples} from @param {Set<number>} wrong @param {boolean} hollow */
function paintPoints(context, size, from, wrong, hollow) {
  const [low, high] = rangeOfTargets();
  for (let at = 0; at < from.count; at++) {
    const [x, y] = exampleAt(from, at);
    const [across, down] = spot(x, y);
    const kind = K ? Math.max(0, labelOf(y)) : 0;
    const ink = K || flat ? inkOf(K ? kind : 1) : tint((2 * (y[0] - low)) / (high - low) - 1);
    outline(context, kind, across * size, down * size, hollow ? 3 : 4.4);
    context.lineWidth = hollow ? 1.5 : 1.2;
    context.fillStyle = hollow ? "#ffffff" : ink;
    context.strokeStyle = hollow ? ink : wrong.has(at) ? "#1a1a1a" : "#ffffff";
    if (wrong.has(at)) context.lineWidth = 2.2;
    context.fill();
    context.stroke();
  }
}

/** @param {CanvasRenderingContext2D} context @param {number[]} where @param {number} size */
function ring(context, [across, down], size) {
  context.beginPath();
  context.arc(across * size, down * size, 9, 0, 7);
  context.lineWidth = 2.5;
  context.strokeStyle = "#1a1a1a";
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {number} size */
function paintCross(context, size) {
  const [x, y] = [cross[0] * size, cross[1] * size];
  context.beginPath();
  context.moveTo(x - 10, y);
  context.lineTo(x + 10, y);
  context.moveTo(x, y - 10);
  context.lineTo(x, y + 10);
  context.lineWidth = 2;
  context.strokeStyle = "#000000";
  context.stroke();
}

/** Say in words what the marks mean. */
function writeLegend() {
  const marks = data.labels.map((label, k) => [element("span", { textContent: SHAPES[k % SHAPES.length], style: `color:${inkOf(k)}` }), ` ${labelText(label)}`]);
  const parts = marks.map(([mark, text]) => element("span", {}, mark, text, "\u2003"));
  if (K) parts.push(element("span", { textContent: "Dark outline: answered wrong. " }));
  else if (onPlane) parts.push(element("span", { textContent: `Orange: large targets and ${outputs.length > 1 ? "first outputs" : "outputs"}; blue: small ones. ` }));
  else parts.push(element("span", { textContent: "Blue: the output; the marks are the targets. " }));
  if (test) parts.push(element("span", { textContent: "Hollow: test." }));
  $("legend").replaceChildren(...parts);
}
