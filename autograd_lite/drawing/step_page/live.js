// Other numbers: all that the page shows is computed anew from its leaves, in the order of the trace.
// The graph stays as it was recorded. The operations, "kinds", are written from their declarations.

const { live } = data;
const recorded = live.leaves.map((number) => (typeof number === "string" ? read(number) : number));
let numbers = [...recorded]; // of the leaves
let now; // what the last pass found
let stale = false; // whether the table shows other numbers

/** Compute every Value for some numbers of the leaves. */
function forward(leaves) {
  const values = [...leaves];
  const inputs = live.nodes.map(([kind, ...args]) => {
    const x = args.map((arg) => (typeof arg === "number" ? values[arg] : read(String(arg[0]))));
    values.push(kinds[kind].value(x));
    return x;
  });
  return { values, inputs };
}

/** Compute every Value and gradient, and what each step finds. */
function pass(leaves) {
  const { values, inputs } = forward(leaves);
  const steps = live.nodes.map((_, index) => {
    const node = recorded.length + index;
    return { node, index, after: values[node] };
  });
  const gradients = new Array(values.length).fill(undefined);
  gradients[live.output] = 1;
  steps.push({ node: live.output, after: 1 });
  for (let index = live.nodes.length - 1; index >= 0; index--) {
    if (gradients[recorded.length + index] === undefined) continue; // all that was computed from it is a condition
    steps.push(...passOn(index, inputs[index], values, gradients));
  }
  return { values, gradients: gradients.map((gradient) => gradient ?? 0), steps, inputs };
}

/** Take the backward steps of one node: each adds to the gradient of a parent. */
function passOn(index, x, values, gradients) {
  const [number, ...args] = live.nodes[index];
  const kind = kinds[number], node = recorded.length + index;
  const upstream = gradients[node], slopes = kind.slopes(values[node], x);
  const added = contributions(kind, x, upstream, slopes);
  const written = kind.textbook?.(values[node], x);
  const parents = args.filter((arg) => typeof arg === "number");
  return parents.map((parent, place) => {
    const before = gradients[parent] ?? 0;
    const flows = added[place] !== null;
    const after = flows ? before + added[place] : before;
    if (flows) gradients[parent] = after;
    const way = !written || near(written[place], slopes[place]) ? 0 : 1;
    return { node, parent, place, upstream, local: slopes[place], contribution: added[place] ?? 0, before, after, way };
  });
}

/** What a node adds to each parent: nothing where it is flat, whatever comes from above; a condition has no share. */
function contributions(kind, x, upstream, slopes) {
  const products = slopes.map((slope) => upstream * slope);
  const stopped = kind.stops && products.some(Number.isNaN) ? kind.stops(x) : [];
  return products.map((product, place) => {
    if (kind.conditions?.includes(place)) return null;
    const stops = stopped === true || stopped[place];
    return Number.isNaN(product) && slopes[place] === 0 && stops ? 0 : product;
  });
}

/** Python's math.isclose, as near as is seen in the digits. */
function near(one, other) {
  if (one === other) return true;
  if (!Number.isFinite(one) || !Number.isFinite(other)) return false;
  return Math.abs(one - other) <= live.seen * Math.max(Math.abs(one), Math.abs(other));
}

// ---- Words --------------------------------------------------------------------------------------

/** Put numbers into a template: {after} stands for the number of that name. */
const fill = (template, step) => template.replace(/\{(\w+)\}/g, (_, name) => four(step[name]));

/** An operation with its numbers put in. */
function calculation({ index }) {
  const parts = live.blanks[live.nodes[index][0]].map((part) => {
    if (typeof part === "string") return part;
    const text = four(now.inputs[index][part[0]]);
    return text.startsWith("-") && !part[1] ? `(${text})` : text;
  });
  return " = " + parts.join("");
}

const rowsWords = partsOf;

/** The words of a step for the present numbers: what changes, by which rule, the numbers put in, the result. */
partsOf = (stop) => {
  const [start, rule] = rowsWords(stop);
  if (stop.begin) return [start];
  const step = now.steps[stop.step - 1];
  if (step.index !== undefined) return [start, rule, calculation(step), fill(live.words.found, step)];
  if (step.parent === undefined) return [start, "", "", fill(live.words.found, step)];
  const ways = live.rules[step.node]?.[step.place];
  return [start, ways ? ways[step.way] : rule, fill(live.words.factors, step), fill(live.words.added, step)];
};

/** A number in a box; inf and nan with a sign that cannot be overlooked. */
const marked = (number) => (Number.isFinite(number) ? "" : "⚠ ") + four(number);

/** The label of an arrow: the derivative, its formula if there is room, and its number. */
function labelOf(edge, { local, way }) {
  const [top, ...formulas] = live.labels[edge];
  const number = four(local), formula = formulas[way];
  const label = `${top} = ${formula} = ${number}`;
  return !formula || formula === number || [...label].length > live.longest ? `${top} = ${number}` : label;
}

// ---- The page -----------------------------------------------------------------------------------

function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/** The texts that a step changes in the picture, with their ids. */
function textsOf({ node, parent, after, index }) {
  const place = live.places[parent ?? node];
  if (!place) return [];
  return [index === undefined ? [place + "-gradient", `∂ ${marked(after)}`] : [place + "-value", marked(after)]];
}

/** Compute everything anew for other numbers, and show it where the page is. */
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
  stale = true;
  if ($("transcript").open) writeTable();
  for (const listener of changed) listener();
  show(position);
  fitTexts();
}

const changed = []; // what else is done after numbers have changed

/** Write a label, which may have several lines: one from each "=" to the next. */
function writeLabel(edge, label) {
  setText($(edge).querySelector("title"), label);
  const text = $(edge + "-label"), lines = [...text.querySelectorAll("tspan")];
  if (lines.length === 0) return setText(text, label);
  const parts = label.split(/ (?== )/);
  lines.forEach((line, at) => setText(line, at < lines.length - 1 ? (parts[at] ?? "") : parts.slice(at).join(" ")));
}

/** Bring the table up to date; nobody sees it while it is closed. */
function writeTable() {
  if (!stale) return;
  stale = false;
  for (const stop of stops) {
    if (stop.begin) continue;
    const cells = $("step-" + stop.step).lastElementChild.children;
    partsOf(stop).forEach((part, at) => setText(cells[at], part));
  }
  const cells = [...document.querySelectorAll("#transcript .gradient td:last-child")]; // of many those at both ends
  cells.forEach((cell, at) => {
    const leaf = at < cells.length / 2 ? at : recorded.length - cells.length + at;
    setText(cell, cell.textContent.replace(/[^ ]*$/, four(now.gradients[leaf])));
  });
}

const NUMBERS = ["-value", "-gradient", "-label"].map((part) => `#picture [id$="${part}"]:not(:has(tspan))`) + ", #picture tspan";

/** Hold every text with a number in the room that it was given. */
function fitTexts() {
  for (const text of document.querySelectorAll(NUMBERS)) {
    const box = text.closest("g").querySelector(":scope > rect")?.getBBox();
    if (!box) continue;
    text.removeAttribute("textLength");
    const room = box.width - (text.closest("g").id.startsWith("graph-e") ? 4 : 8);
    if (text.getComputedTextLength() <= room) continue;
    text.setAttribute("textLength", room);
    text.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
}

$("transcript").addEventListener("toggle", writeTable);
window.addEventListener("beforeprint", writeTable);
update(numbers);
