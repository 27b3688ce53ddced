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

const valueOf = (c, i) => judged.values[columns[c].judged.array]?.[i] ?? NaN;
const sumOf = (c, i) => judged.values[columns[c].judged.sums]?.[i] ?? NaN;
const adjointOf = (c, i, role = "array") => judged.adjoints[columns[c].judged[role]]?.[i] ?? 0;

/** What flows back to a sum, and to what is computed from it. */
const nameOfSum = (c, i) => (columns[c].activation ? nameOf(c, i, "sumsTitle") : nameOf(c, i));

/** One step back, as the step page writes it. */
function stepBack(to, from, by, upstream, local, before = 0) {
  const passed = upstream * local;
  return `∂L/∂${to} += ∂L/∂${from} · ${by} = ${say(upstream)} · ${say(local)} = ${say(passed)}  (${say(before)} → ${say(before + passed)})`;
}

/** Where the gradient of a neuron comes from: a step for each neuron that reads it, the last first. */
function comingBack(c, i) {
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

/** @returns {[string, string][]} kind and text of each line */
function linesBack(c, i) {
  const steps = comingBack(c, i);
  const total = adjointOf(c, i);
  const name = nameOf(c, i);
  if (steps.length === 0) return [["", `∂L/∂${name} = ${say(total)}, from the ${c === columns.length - 1 ? "loss" : "rest of the network"}${data.pages.length ? ": the step page shows how" : ""}`]];
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

/** The step through the activation of a neuron. */
function throughActivation(c, i) {
  const { activation } = columns[c];
  const [name, sum] = [nameOf(c, i), nameOfSum(c, i)];
  const slope = activation.slope.replaceAll("{y}", name).replaceAll("{z}", sum);
  return stepBack(sum, name, slope, adjointOf(c, i), slopes[chosen.column](valueOf(c, i), sumOf(c, i)));
}

/** The weighted sum of a neuron, written out. */
function forwardLine(c, i) {
  const products = productsOf(c, i);
  const shownOnes = products.length > 6 ? [...products.slice(0, 3), null, ...products.slice(-2)] : products;
  const biases = columns[c].biases[i];
  const join = (write, bias) => [...shownOnes.map((each) => (each ? write(each) : "…")), ...biases.map(bias)].join(" + ");
  const names = join(({ from, at }) => `${data.names[at]} · ${nameOf(columns[c].reads, from)}`, (at) => data.names[at]);
  const numbers = join(({ from, at }) => `${say(P[at])} · ${say(valueOf(columns[c].reads, from))}`, (at) => say(P[at]));
  return `${nameOfSum(c, i)} = ${names} = ${numbers} = ${say(sumOf(c, i))}`;
}

/** @returns {[string, string][]} */
function explainNeuron(c, i) {
  const column = columns[c];
  if (c === 0) return [["main", `${nameOf(c, i)} = ${say(exampleAt(examples, chosen.example)[0][i])}`], ["remark", "An input: training changes nothing before it."]];
  if (!column.judged.array) return [["main", `${nameOf(c, i)} is no number of the loss itself: its step page shows how it is used.`]];
  if (!column.weights) return [["main", `∂L/∂${nameOf(c, i)} = ${say(adjointOf(c, i))}`], ["", `${nameOf(c, i)} = ${say(valueOf(c, i))}`], ...linesBack(c, i)];
  const forward = [["heading", "Forward"], ["", forwardLine(c, i)]];
  if (!column.activation) return [["main", `∂L/∂${nameOf(c, i)} = ${say(adjointOf(c, i))}`], ...forward, ["heading", "Backward"], ...linesBack(c, i)];
  const { activation } = column;
  forward.push(["", `${nameOf(c, i)} = ${activation.written.replaceAll("{z}", nameOfSum(c, i))} = ${activation.written.replaceAll("{z}", say(sumOf(c, i)))} = ${say(valueOf(c, i))}`]);
  return [["main", throughActivation(c, i)], ["remark", activation.why], ...forward, ["heading", `Backward, to ${nameOf(c, i)}`], ...linesBack(c, i)];
}

/** @returns {[string, string][]} */
function explainWeight(c, i, k) {
  const bias = k < 0;
  const { from, at } = bias ? { from: -1, at: columns[c].biases[i][0] } : productsOf(c, i)[k];
  const by = bias ? "1" : nameOf(columns[c].reads, from);
  const local = bias ? 1 : valueOf(columns[c].reads, from);
  const lines = [["main", stepBack(data.names[at], nameOfSum(c, i), by, adjointOf(c, i, "sums"), local)], ["remark", columns[c].why]];
  if (columns[c].activation) lines.push(["heading", "Before that"], ["", throughActivation(c, i)]);
  else lines.push(["heading", "Before that"]);
  lines.push(...linesBack(c, i));
  lines.push(["heading", "In training"], ["", `Over the last batch the mean of ∂L/∂${data.names[at]} was ${say(G[at])}.`]);
  const moved = P[at] - lastP[at];
  if (steps) lines.push(["", `The last step of ${data.rules[settings.rule].name} moved ${data.names[at]} by ${say(moved)}, to ${say(P[at])}.`]);
  return lines;
}

/** Write all that is to be said of what is chosen. */
function explain() {
  const { x, y, loss } = computeExample();
  const { column: c, neuron: i, term } = chosen;
  const about = term === null || !columns[c].weights ? explainNeuron(c, i) : explainWeight(c, i, term);
  const answerText = K ? `, answered ${labelText(data.labels[answer(shown.forward(x))])}` : `, output ${[...shown.forward(x)].map(say).join(", ")}`;
  const inputs = x.length > 4 ? "" : `(${[...x].map(say).join(", ")}), `;
  about.push(["heading", `Example ${chosen.example}`], ["", `${inputs}target ${labelText(y)}${answerText}: L = ${say(loss)}`]);
  $("why").replaceChildren(...about.map(([kind, text]) => element(kind === "heading" ? "h2" : "p", { className: kind, textContent: text })));
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
    const value = from < 0 ? 1 : valueOf(columns[c].reads, from);
    row.cells[2].textContent = say(value);
    row.cells[3].textContent = say(adjointOf(c, i, "sums") * value);
    row.toggleAttribute("aria-current", term === chosen.term);
  }
}

function buildIncoming(c, i) {
  const column = columns[c];
  offer($("weight"), [["none", "none"], ...(column.weights ? [...productsOf(c, i).map(({ at }, k) => [k, data.names[at]]), ...column.biases[i].slice(0, 1).map((at) => [-1, data.names[at]])] : [])], chosen.term ?? "none");
  if (!column.weights) return $("incoming").replaceChildren();
  const head = element("tr", {}, ...["Weight", "Number", "Input", "Gradient"].map((text) => element("th", { textContent: text, scope: "col" })));
  const rows = [...productsOf(c, i).map(({ from, at }, k) => [at, from, k]), ...column.biases[i].map((at) => [at, -1, -1])];
  return $("incoming").replaceChildren(element("table", {}, element("tbody", {}, head, ...rows.map(([at, from, term]) => rowOf(at, from, term)))));
}

function rowOf(at, from, term) {
  const input = element("input", { type: "number", step: "any" });
  input.setAttribute("aria-label", data.names[at]);
  input.onchange = () => setWeight(at, input.value);
  const row = element("tr", {}, element("td", { textContent: data.names[at] }), element("td", {}, input), element("td"), element("td"));
  Object.assign(row.dataset, { at, from, term });
  return row;
}
