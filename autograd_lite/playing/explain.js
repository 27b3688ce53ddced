// @ts-check
// The chain rule for what is chosen, number by number, in the words of the step page.

const MOST_LINES = 8;

/** Write a number as step pages do; arrays do not keep the sign of a zero. @param {number} number */
const say = (number) => four(number + 0);

/** Compute the chosen example, and its gradient. */
function computeExample() {
  const [x, y] = exampleAt(examples, chosen.example);
  ownG.fill(0);
  const loss = judged.forward(x, y)[0];
  judged.backward();
  return { x, y, loss };
}

/** A number of a column, in the example that was computed. @param {number} c @param {number} i */
const numberOf = (c, i) => judged.values[columns[c].judged.array]?.[i] ?? NaN;
/** The weighted sum behind it. @param {number} c @param {number} i */
const sumOf = (c, i) => judged.values[columns[c].judged.sums]?.[i] ?? NaN;
/** What flows back to a number, or to its sum. @param {number} c @param {number} i @param {"array" | "sums"} [to] */
const adjointOf = (c, i, to = "array") => judged.adjoints[columns[c].judged[to]]?.[i] ?? 0;
/** What a sum is called. @param {number} c @param {number} i */
const nameOfSum = (c, i) => nameOf(c, i, columns[c].sumsTitle);

/**
 * One step back, as the step page writes it.
 * @param {string} to @param {string} from @param {string} by @param {number} upstream @param {number} local @param {number} [before]
 */
function stepBack(to, from, by, upstream, local, before = 0) {
  const passed = upstream * local;
  return `∂L/∂${to} += ∂L/∂${from} · ${by} = ${say(upstream)} · ${say(local)} = ${say(passed)}  (${say(before)} → ${say(before + passed)})`;
}

/** Where the gradient of a neuron comes from: a step for each neuron that reads it, the last first. @param {number} c @param {number} i */
function comingBack(c, i) {
  /** @type {{from: string, by: string, upstream: number, local: number}[]} */
  const found = [];
  columns.forEach((column, d) => {
    if (column.reads !== c || !column.weights) return;
    for (let j = column.size - 1; j >= 0; j--) {
      for (const { from, at } of productsOf(d, j)) {
        if (from === i) found.push({ from: nameOfSum(d, j), by: data.names[at], upstream: adjointOf(d, j, "sums"), local: P[at] });
      }
    }
  });
  return found;
}

/** @param {number} c @param {number} i @returns {Said[]} */
function linesBack(c, i) {
  const steps = comingBack(c, i);
  const total = adjointOf(c, i);
  const name = nameOf(c, i);
  if (steps.length === 0) return [["", `∂L/∂${name} = ${say(total)}, from the ${c === columns.length - 1 ? "loss" : "rest of the network"}${data.pages.length ? ": the step page shows how" : ""}`]];
  /** @type {Said[]} */
  const lines = [];
  let sum = 0;
  for (const { from, by, upstream, local } of steps) {
    if (lines.length < MOST_LINES) lines.push(["", stepBack(name, from, by, upstream, local, sum)]);
    sum += upstream * local;
  }
  if (steps.length > MOST_LINES) lines.push(["remark", `and so on for ${steps.length - MOST_LINES} more: ∂L/∂${name} = ${say(sum)}`]);
  if (Math.abs(total - sum) > 1e-9 * (1 + Math.abs(total))) lines.push(["remark", `What comes back by other ways makes it ${say(total)}.`]);
  return lines;
}

/** The step through the activation of a neuron, if there is one. @param {number} c @param {number} i @returns {Said[]} */
function throughActivation(c, i) {
  const { activation } = columns[c];
  const slopeAt = slopes[c];
  if (!activation || !slopeAt) return [];
  const [name, sum] = [nameOf(c, i), nameOfSum(c, i)];
  const slope = activation.slope.replaceAll("{y}", name).replaceAll("{z}", sum);
  return [["", stepBack(sum, name, slope, adjointOf(c, i), slopeAt(numberOf(c, i), sumOf(c, i)))]];
}

/** The weighted sum of a neuron, written out. @param {number} c @param {number} i */
function forwardLine(c, i) {
  const products = productsOf(c, i);
  const shownOnes = products.length > 6 ? [...products.slice(0, 3), null, ...products.slice(-2)] : products;
  const biases = columns[c].biases[i];
  /** @param {(product: {from: number, at: number}) => string} write @param {(at: number) => string} bias */
  const join = (write, bias) => [...shownOnes.map((each) => (each ? write(each) : "…")), ...biases.map(bias)].join(" + ");
  const names = join(({ from, at }) => `${data.names[at]} · ${nameOf(columns[c].reads, from)}`, (at) => data.names[at]);
  const numbers = join(({ from, at }) => `${say(P[at])} · ${say(numberOf(columns[c].reads, from))}`, (at) => say(P[at]));
  return `${nameOfSum(c, i)} = ${names} = ${numbers} = ${say(sumOf(c, i))}`;
}

/** @param {number} c @param {number} i @returns {Said[]} */
function explainNeuron(c, i) {
  const column = columns[c];
  const name = nameOf(c, i);
  if (c === 0) {
    const input = exampleAt(examples, chosen.example)[0][i];
    return [["main", `${name} = ${say(input)}`], ["remark", "An input: training changes nothing before it."]];
  }
  if (!column.judged.array) return [["main", `${name} is no number of the loss: its step page shows what is.`]];
  const through = throughActivation(c, i);
  const [main] = through.length ? through : [["", `∂L/∂${name} = ${say(adjointOf(c, i))}`]];
  /** @type {Said[]} */
  const lines = [["main", main[1]]];
  if (column.activation) lines.push(["remark", column.activation.why]);
  lines.push(["heading", "Forward"], ...linesForward(c, i), ["heading", `Backward, to ${name}`], ...linesBack(c, i));
  return lines;
}

/** @param {number} c @param {number} i @returns {Said[]} */
function linesForward(c, i) {
  const { weights, activation } = columns[c];
  const [name, sum] = [nameOf(c, i), nameOfSum(c, i)];
  if (!weights) return [["", `${name} = ${say(numberOf(c, i))}`]];
  if (!activation) return [["", forwardLine(c, i)]];
  const filled = (/** @type {string} */ input) => activation.written.replaceAll("{z}", input);
  return [["", forwardLine(c, i)], ["", `${name} = ${filled(sum)} = ${filled(say(sumOf(c, i)))} = ${say(numberOf(c, i))}`]];
}

/** @param {number} c @param {number} i @param {number} k which weight; -1 for the bias @returns {Said[]} */
function explainWeight(c, i, k) {
  const { from, at } = k < 0 ? { from: -1, at: columns[c].biases[i][0] } : productsOf(c, i)[k];
  const by = k < 0 ? "1" : nameOf(columns[c].reads, from);
  const local = k < 0 ? 1 : numberOf(columns[c].reads, from);
  const name = data.names[at];
  /** @type {Said[]} */
  const lines = [
    ["main", stepBack(name, nameOfSum(c, i), by, adjointOf(c, i, "sums"), local)],
    ["remark", columns[c].why],
    ["heading", "Before that"],
    ...throughActivation(c, i),
    ...linesBack(c, i),
  ];
  if (!steps) return lines;
  const rule = data.rules[settings.rule].name;
  return [
    ...lines,
    ["heading", "In training"],
    ["", `Over the last batch the mean of ∂L/∂${name} was ${say(G[at])}.`],
    ["", `The last step of ${rule} moved ${name} by ${say(P[at] - lastP[at])}, to ${say(P[at])}.`],
  ];
}

/** What the network makes of the example. @param {Float64Array} x @param {Float64Array} y @param {number} loss */
function aboutExample(x, y, loss) {
  const found = shown.forward(x);
  const answered = K ? `answered ${labelText(data.labels[answer(found)])}` : `output ${Array.from(found, say).join(", ")}`;
  const inputs = x.length > 4 ? "" : `(${Array.from(x, say).join(", ")}), `;
  return `${inputs}target ${labelText(y)}, ${answered}: L = ${say(loss)}`;
}

/** Write all that is to be said of what is chosen. */
function explain() {
  const { x, y, loss } = computeExample();
  const { column, neuron, term } = chosen;
  const isWeight = term !== null && columns[column].weights;
  const lines = isWeight ? explainWeight(column, neuron, term) : explainNeuron(column, neuron);
  lines.push(["heading", `Example ${chosen.example}`], ["", aboutExample(x, y, loss)]);
  const written = lines.map(([kind, text]) => element(kind === "heading" ? "h2" : "p", { className: kind, textContent: text }));
  $("why").replaceChildren(...written);
  listIncoming();
}

// ---- The weights of the chosen neuron ---------------------------------------------------------

let listed = ""; // whose they are

/** List the weights of the chosen neuron, each beside its input and its gradient, to be changed. */
function listIncoming() {
  const { column: c, neuron: i } = chosen;
  const whose = `${c} ${i}`;
  if (whose !== listed) buildIncoming(c, i);
  listed = whose;
  for (const row of $("incoming").querySelectorAll("tr[data-at]")) {
    const [at, from, term] = [Number(row.dataset.at), Number(row.dataset.from), Number(row.dataset.term)];
    const input = row.querySelector("input");
    if (document.activeElement !== input) input.value = say(P[at]);
    const value = from < 0 ? 1 : numberOf(columns[c].reads, from);
    row.cells[2].textContent = say(value);
    row.cells[3].textContent = say(adjointOf(c, i, "sums") * value);
    row.toggleAttribute("aria-current", term === chosen.term);
  }
}

/** @param {number} c @param {number} i */
function buildIncoming(c, i) {
  const { weights, biases } = columns[c];
  const products = productsOf(c, i).map(({ from, at }, term) => ({ at, from, term }));
  const rows = weights ? [...products, ...biases[i].map((at) => ({ at, from: -1, term: -1 }))] : [];
  /** @type {[string | number, string][]} */
  const choices = rows.map(({ at, term }) => [term, data.names[at]]);
  offer($("weight"), [["none", "none"], ...choices], chosen.term ?? "none");
  const titles = ["Weight", "Number", "Input", "Gradient"];
  const head = element("tr", {}, ...titles.map((textContent) => element("th", { textContent, scope: "col" })));
  const table = element("table", {}, element("tbody", {}, head, ...rows.map(rowOf)));
  $("incoming").replaceChildren(...(rows.length ? [table] : []));
}

/** @param {{at: number, from: number, term: number}} weight */
function rowOf({ at, from, term }) {
  const input = element("input", { type: "number", step: "any" });
  input.setAttribute("aria-label", data.names[at]);
  input.onchange = () => setWeight(at, input.value);
  const name = element("td", { textContent: data.names[at] });
  const row = element("tr", {}, name, element("td", {}, input), element("td"), element("td"));
  Object.assign(row.dataset, { at, from, term });
  return row;
}
