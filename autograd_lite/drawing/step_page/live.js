// @ts-check
// Other numbers: all that the page shows is computed anew from its leaves, in the order of the trace.
// The graph stays as it was recorded. Its operations, "kinds", are written from their declarations.

/**
 * What computes nodes: from the output y and all inputs x.
 * @typedef {object} Kind
 * @property {(x: number[]) => number} value
 * @property {(y: number, x: number[]) => number[]} slopes by each input that is a Value
 * @property {(y: number, x: number[]) => number[]} [textbook] as a textbook has them, which may lose digits
 * @property {(x: number[]) => true | boolean[]} [stops] by which input nothing flows, wherever its slope is 0
 * @property {number[]} [conditions] the inputs that only decide
 */

/**
 * The recorded graph: leaves first, then nodes in the order of computing; each has its place in this order.
 * @typedef {object} Live
 * @property {(number | string)[]} leaves their numbers; inf and nan as texts
 * @property {string[]} names
 * @property {string[]} places the ids of their boxes; "" for none
 * @property {number} output
 * @property {[number, ...(number | [number | string])[]][]} nodes the kind, and the inputs: places, or numbers in lists
 * @property {number[]} moving the leaves that are trained
 * @property {(string | [number, number])[][]} blanks of each kind: texts, inputs, and whether one needs no parentheses
 * @property {Record<string, [string, string][]>} rules of a node's slopes: as a textbook has them, and as computed
 * @property {Record<string, [string, string, string]>} labels of arrows: the derivative, and its formula in both ways
 * @property {number} longest
 * @property {number} seen
 * @property {Record<"found" | "factors" | "added", string>} words templates
 */

/**
 * What one step finds.
 * @typedef {object} Taken
 * @property {number} node its place
 * @property {number} after what the step shows: a value, or a gradient
 * @property {number} [index] of a forward step: its place among the nodes
 * @property {{parent: number, place: number, way: number}} [to] of a backward step: where it goes
 * @property {number} [upstream]
 * @property {number} [local]
 * @property {number} [contribution]
 * @property {number} [before]
 */

const { live, kinds } = /** @type {Data & {live: Live, kinds: Kind[]}} */ (data);
const recorded = live.leaves.map((number) => read(String(number)) ?? NaN);
let numbers = [...recorded]; // of the leaves
let now = pass(numbers);
let isStale = false; // whether the table shows other numbers

/**
 * Compute every Value for some numbers of the leaves.
 * @param {number[]} leaves
 */
function forward(leaves) {
  const values = [...leaves];
  const inputs = live.nodes.map(([kind, ...args]) => {
    const x = args.map((arg) => (typeof arg === "number" ? values[arg] : read(String(arg[0])) ?? NaN));
    values.push(kinds[kind].value(x));
    return x;
  });
  return { values, inputs };
}

/**
 * Compute every Value and gradient, and what each step finds.
 * @param {number[]} leaves
 */
function pass(leaves) {
  const { values, inputs } = forward(leaves);
  /** @type {Taken[]} */
  const steps = live.nodes.map((_, index) => {
    const node = leaves.length + index;
    return { node, index, after: values[node] };
  });
  /** @type {(number | undefined)[]} */
  const gradients = values.map(() => undefined);
  gradients[live.output] = 1;
  steps.push({ node: live.output, after: 1 });
  for (let index = live.nodes.length - 1; index >= 0; index--) {
    const upstream = gradients[leaves.length + index];
    if (upstream === undefined) continue; // all that was computed from it is a condition
    steps.push(...passOn(index, upstream, values[leaves.length + index], inputs[index], gradients));
  }
  return { values, inputs, steps, gradients: gradients.map((gradient) => gradient ?? 0) };
}

/**
 * Take the backward steps of one node: each adds to the gradient of a parent.
 * @param {number} index of the node
 * @param {number} upstream
 * @param {number} y
 * @param {number[]} x
 * @param {(number | undefined)[]} gradients
 * @returns {Taken[]}
 */
function passOn(index, upstream, y, x, gradients) {
  const [number, ...args] = live.nodes[index];
  const kind = kinds[number];
  const slopes = kind.slopes(y, x), written = kind.textbook?.(y, x);
  const added = contributions(kind, x, upstream, slopes);
  const parents = args.filter((arg) => typeof arg === "number");
  return parents.map((parent, place) => {
    const before = gradients[parent] ?? 0, contribution = added[place];
    const after = contribution === null ? before : before + contribution;
    if (contribution !== null) gradients[parent] = after;
    const way = !written || isNear(written[place], slopes[place]) ? 0 : 1;
    const step = { node: recorded.length + index, to: { parent, place, way }, upstream, local: slopes[place] };
    return { ...step, contribution: contribution ?? 0, before, after };
  });
}

/**
 * What a node adds to each parent: nothing where it is flat, whatever comes from above; a condition has no share.
 * @param {Kind} kind
 * @param {number[]} x
 * @param {number} upstream
 * @param {number[]} slopes
 */
function contributions(kind, x, upstream, slopes) {
  const products = slopes.map((slope) => upstream * slope);
  const stopped = kind.stops && products.some(Number.isNaN) ? kind.stops(x) : [];
  return products.map((product, place) => {
    if (kind.conditions?.includes(place)) return null;
    const stops = stopped === true || stopped[place];
    return Number.isNaN(product) && slopes[place] === 0 && stops ? 0 : product;
  });
}

/**
 * Python's math.isclose, as near as is seen in the digits.
 * @param {number} one
 * @param {number} other
 */
function isNear(one, other) {
  if (one === other) return true;
  if (!Number.isFinite(one) || !Number.isFinite(other)) return false;
  return Math.abs(one - other) <= live.seen * Math.max(Math.abs(one), Math.abs(other));
}

// ---- Words --------------------------------------------------------------------------------------

/**
 * Put numbers into a template: {after} stands for the number of that name.
 * @param {string} template
 * @param {object} step
 */
function fill(template, step) {
  const found = new Map(Object.entries(step));
  return template.replace(/\{(\w+)\}/g, (_, name) => four(found.get(name)));
}

/**
 * The operation of a node with its numbers put in.
 * @param {number} index
 */
function calculation(index) {
  const parts = live.blanks[live.nodes[index][0]].map((part) => {
    if (typeof part === "string") return part;
    const text = four(now.inputs[index][part[0]]);
    return text.startsWith("-") && !part[1] ? `(${text})` : text;
  });
  return " = " + parts.join("");
}

source.words = (stop) => {
  const [start, rule] = wordsOfRow(stop);
  if (stop.begin) return [start];
  const step = now.steps[stop.step - 1], { found, factors, added } = live.words;
  if (step.index !== undefined) return [start, rule, calculation(step.index), fill(found, step)];
  if (!step.to) return [start, "", "", fill(found, step)];
  const ways = live.rules[step.node]?.[step.to.place];
  return [start, ways ? ways[step.to.way] : rule, fill(factors, step), fill(added, step)];
};

/**
 * A number in a box; inf and nan with a sign that cannot be overlooked.
 * @param {number} number
 */
const marked = (number) => (Number.isFinite(number) ? "" : "⚠ ") + four(number);

/**
 * The label of an arrow: the derivative, its formula if there is room, and its number.
 * @param {string} edge
 * @param {Taken} step
 */
function labelOf(edge, step) {
  const [top, ...formulas] = live.labels[edge];
  const number = four(step.local ?? 0), formula = formulas[step.to?.way ?? 0];
  const label = `${top} = ${formula} = ${number}`;
  return !formula || formula === number || [...label].length > live.longest ? `${top} = ${number}` : label;
}

// ---- The page -----------------------------------------------------------------------------------

/** @type {(() => void)[]} */
const changed = []; // what else is done after numbers have changed

/**
 * @param {Element | null | undefined} element
 * @param {string} text
 */
function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/**
 * The texts that a step changes in the picture, with their ids.
 * @param {Taken} step
 * @returns {[string, string][]}
 */
function textsOf({ node, to, after, index }) {
  const place = live.places[to?.parent ?? node];
  if (!place) return [];
  return [index === undefined ? [place + "-gradient", `∂ ${marked(after)}`] : [place + "-value", marked(after)]];
}

/**
 * Compute everything anew for other numbers, and show it where the page is.
 * @param {number[]} leaves
 */
function update(leaves) {
  numbers = leaves;
  now = pass(numbers);
  const known = new Map(numbers.map((number, leaf) => [live.places[leaf] + "-value", marked(number)]));
  data.start = data.start.map(([id, text]) => [id, known.get(id) ?? text]);
  let from = 0;
  for (const stop of stops) {
    stop.texts = [...new Map(now.steps.slice(from, stop.step).flatMap(textsOf))];
    from = stop.step;
    for (const edge of stop.edges) if (live.labels[edge]) writeLabel(edge, labelOf(edge, now.steps[stop.step - 1]));
  }
  isStale = true;
  if ($("transcript").open) writeTable();
  for (const listener of changed) listener();
  show(position);
  fitTexts();
}

/**
 * Write a label, which may have several lines: one from each "=" to the next.
 * @param {string} edge
 * @param {string} label
 */
function writeLabel(edge, label) {
  setText($(edge).querySelector("title"), label);
  const text = $(edge + "-label"), lines = [...text.querySelectorAll("tspan")];
  if (lines.length === 0) setText(text, label);
  const parts = label.split(/ (?== )/);
  lines.forEach((line, at) => setText(line, at < lines.length - 1 ? (parts[at] ?? "") : parts.slice(at).join(" ")));
}

/** Bring the table up to date; nobody sees it while it is closed. */
function writeTable() {
  if (!isStale) return;
  isStale = false;
  for (const stop of stops) {
    const cells = $("step-" + stop.step).lastElementChild?.children ?? [];
    if (!stop.begin) partsOf(stop).forEach((part, at) => setText(cells[at], part));
  }
  const rows = [...document.querySelectorAll("#transcript .gradient td:last-child")];
  const cells = rows.filter((row) => / = \S+$/.test(row.textContent)); // one row may say that some are left out
  cells.forEach((cell, at) => {
    const leaf = at < cells.length / 2 ? at : recorded.length - cells.length + at;
    setText(cell, cell.textContent.replace(/[^ ]*$/, four(now.gradients[leaf])));
  });
}

const PARTS = ["-value", "-gradient", "-label"].map((part) => `#picture [id$="${part}"]:not(:has(tspan))`);
const TEXTS = [...PARTS, "#picture tspan"].join();

/** Hold every text with a number in the room that it was given. */
function fitTexts() {
  for (const text of /** @type {NodeListOf<SVGTextElement>} */ (document.querySelectorAll(TEXTS))) {
    const group = text.closest("g"), box = group?.querySelector("rect")?.getBBox();
    if (!group || !box) continue;
    text.removeAttribute("textLength");
    const room = box.width - (group.id.startsWith("graph-e") ? 4 : 8);
    if (text.getComputedTextLength() <= room) continue;
    text.setAttribute("textLength", String(room));
    text.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
}

$("transcript").addEventListener("toggle", writeTable);
window.addEventListener("beforeprint", writeTable);
