// @ts-check
// What the reader changes: weights, where they start, and examples.

/** Set a weight to what was typed, if that is a number. @param {number} at @param {string} text */
function setWeight(at, text) {
  const number = Number(text);
  if (text.trim() === "" || !Number.isFinite(number)) return;
  P[at] = lastP[at] = number;
  trouble = "";
  remember();
  refresh();
}

/** Draw the weights anew by a scheme, as Python's nn does; biases start at 0. @param {string} scheme @param {number} seed */
function startFrom(scheme, seed) {
  const draw = seeded(seed + 1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
  const fresh = Float64Array.from(data.weights);
  for (const column of columns) {
    if (scheme === "own" || !column.weights) continue;
    const [inputs, outputs] = [column.weights[0].length, column.weights.length];
    const bound = Math.sqrt(6 / (inputs + outputs));
    const ways = new Map([
      ["xavier", () => bound * (2 * draw() - 1)],
      ["he", () => Math.sqrt(2 / inputs) * normal()],
    ]);
    for (const at of column.weights.flat()) fresh[at] = ways.get(scheme)?.() ?? 0;
    for (const at of column.biases.flat()) fresh[at] = 0;
  }
  restartFrom(fresh);
  refresh();
}

// ---- Examples ---------------------------------------------------------------------------------

/** Take other examples from now on; the weights stay. @param {number[][]} X @param {number[][]} y */
function setExamples(X, y) {
  takeExamples(packed(X, y));
  chosen.example = Math.max(0, Math.min(chosen.example, examples.count - 1));
  settings.batch = Math.min(Number($("batch").value), examples.count);
  offerBatches();
  remember();
  refresh();
}

const inputsOf = () => Array.from(examples.rows, (k) => [...exampleAt(examples, k)[0]]);
const targetsOf = () => Array.from(examples.rows, (k) => [...exampleAt(examples, k)[1]]);

/** Add an example at a place of the surface. @param {number} across @param {number} down */
function addExample(across, down) {
  const [x, height] = numbersAt(across, down);
  const label = Number($("pointer").value.slice(4));
  const target = K ? [...data.labels[label]] : flat ? [height] : [Number($("value").value) || 0];
  setExamples([...inputsOf(), onPlane ? [x, height] : [x]], [...targetsOf(), target]);
}

/** Find the example that is nearest to a place of the surface. @param {number} across @param {number} down */
function nearest(across, down) {
  let [best, least] = [-1, Infinity];
  for (let at = 0; at < examples.count; at++) {
    const [x, y] = spot(...exampleAt(examples, at));
    const distance = Math.hypot(x - across, y - down);
    if (distance < least) [best, least] = [at, distance];
  }
  return { best, least };
}

/** Take an example away; one always stays. @param {number} k */
function deleteExample(k) {
  if (examples.count < 2) return;
  setExamples(inputsOf().filter((_, at) => at !== k), targetsOf().filter((_, at) => at !== k));
}

/** Do what the pointer is for, at a place of the surface. @param {number} across @param {number} down */
function actAt(across, down) {
  const { best, least } = nearest(across, down);
  const mode = $("pointer").value;
  if (mode === "choose") choose({ example: best });
  else if (mode === "delete") {
    if (least < 0.05) deleteExample(best);
  } else addExample(across, down);
}

/** @param {PointerEvent} event @returns {Pair} */
function whereOn(event) {
  const box = $("surface").getBoundingClientRect();
  const within = (/** @type {number} */ number) => Math.max(0, Math.min(1, number));
  return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
}

/** Where the pointer last drew a point. @type {Pair | null} */
let lastDrawn = null;
/** Where the keyboard's pointer stands, from 0 to 1. @type {Pair} */
let cross = [0.5, 0.5];

/** @param {PointerEvent} event */
function pointerOn(event) {
  const where = whereOn(event);
  const begins = event.type === "pointerdown";
  if (begins) $("surface").setPointerCapture(event.pointerId);
  else if (event.type !== "pointermove") lastDrawn = null;
  else if ($("pointer").value === "choose") return;
  const far = lastDrawn && Math.hypot(where[0] - lastDrawn[0], where[1] - lastDrawn[1]) > 0.04;
  if (!begins && !far) return;
  lastDrawn = where;
  actAt(...where);
}

/** Arrow keys move a cross over the surface, Enter and Space do what the pointer does. @param {KeyboardEvent} event */
function keyOn(event) {
  const move = arrowOf(event);
  if (!move && event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  const step = event.shiftKey ? 0.1 : 0.02;
  const moved = (/** @type {0 | 1} */ axis) => Math.max(0, Math.min(1, cross[axis] + step * (move?.[axis] ?? 0)));
  if (move) cross = [moved(0), moved(1)];
  else actAt(...cross);
  refresh();
}
