// @ts-check
// Training: the weights, the examples, the steps, and what is remembered of them.

const P = Float64Array.from(data.weights);
const G = new Float64Array(P.length); // the mean gradient of the last batch
const lastP = P.slice(); // the weights before the last step
let dice = seeded(0);
const training = makeTraining(P, G, () => dice());
const ownG = new Float64Array(P.length); // the gradient of one example
const judged = makeLoss(P, ownG, () => 0.5);
const shown = makeOutputs(P, ownG, () => 0.5);

const wide = data.X[0].length;
const deep = data.y[0].length;

/** @param {number[][]} X @param {number[][]} y @returns {Examples} */
const packed = (X, y) => ({
  x: Float64Array.from(X.flat()),
  y: Float64Array.from(y.flat()),
  count: X.length,
  rows: Int32Array.from(X.keys()),
});

/** The inputs and the target of an example. @param {Examples} from @param {number} k @returns {[Float64Array, Float64Array]} */
const exampleAt = (from, k) => [
  from.x.subarray(k * wide, (k + 1) * wide),
  from.y.subarray(k * deep, (k + 1) * deep),
];

let examples = packed(data.X, data.y);
const test = data.test && packed(data.test.X, data.test.y);
/** Where Reset goes. @type {Float64Array} */
let start = P.slice();

// ---- Steps ------------------------------------------------------------------------------------

const settings = { rule: 0, rate: data.rules[0].rate, batch: data.batch, decay: 0 };
/** @type {Float64Array[]} */
let state = []; // of the rule: for each of its numbers that of every parameter
let steps = 0;
let epochs = 0;
let place = 0; // in the order of this epoch
let order = examples.rows.slice();
let trouble = "";

const GUARD = "an example takes another way through the model's code than the first one did: use where(...) there";

/** Begin anew with a rule's own settings. @param {number} index */
function takeRule(index) {
  const { rate, decay, start } = data.rules[index];
  Object.assign(settings, { rule: index, rate, decay });
  state = start.map((number) => new Float64Array(P.length).fill(number));
}

/** Go back to the weights at the start, and forget all steps. */
function restart() {
  P.set(start);
  lastP.set(start);
  G.fill(0);
  dice = seeded(Number($("seed").value));
  state = data.rules[settings.rule].start.map((number) => new Float64Array(P.length).fill(number));
  [steps, epochs, place, trouble] = [0, 0, 0, ""];
  order = examples.rows.slice();
  moments = [];
  remember();
}

/** Start from other weights. @param {Float64Array} fresh */
function restartFrom(fresh) {
  start = fresh;
  restart();
}

/** Take other examples from now on; the weights stay. @param {Examples} fresh */
function takeExamples(fresh) {
  examples = fresh;
  order = examples.rows.slice();
  place = 0;
}

/** Put the examples into another order. */
function shuffle() {
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(dice() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
}

/** Move the weights once, against the gradient of the mean over a batch; nothing moves if that is not finite. */
function takeStep() {
  if (place === 0) shuffle();
  const stop = Math.min(place + settings.batch, examples.count);
  const rows = order.subarray(place, stop);
  const [oldP, oldState] = [P.slice(), state.map((numbers) => numbers.slice())];
  const loss = training.meanAndGradient([examples.x, examples.y], rows);
  if (!training.held) trouble = GUARD;
  else if (!Number.isFinite(loss) || !G.every(Number.isFinite)) trouble = beginning(rows);
  if (trouble) return;
  moves[settings.rule](P, G, state, settings.rate, steps + 1, { weight_decay: settings.decay });
  const bad = P.findIndex((number) => !Number.isFinite(number));
  if (bad >= 0) {
    trouble = `step ${steps + 1} would move ${data.names[bad]} to ${four(P[bad])}`;
    P.set(oldP);
    state = oldState;
    return;
  }
  lastP.set(oldP);
  steps += 1;
  place = stop === examples.count ? 0 : stop;
  if (place === 0) epochs += 1;
}

/** Take steps to the end of the epoch. @param {number} [milliseconds] how long at most */
function takeEpoch(milliseconds = Infinity) {
  const end = performance.now() + milliseconds;
  do takeStep();
  while (place !== 0 && !trouble && performance.now() < end);
}

// ---- Where a number that is not finite began --------------------------------------------------

/** Say which number was the first that is inf or nan: forward, then back. @param {Int32Array} rows */
function beginning(rows) {
  for (const row of rows) {
    training.forward(...exampleAt(examples, row));
    const found = firstBad(training.values, data.arrays);
    if (found) return `in step ${steps + 1}, ${found} for example ${row}`;
  }
  for (const row of rows) {
    training.forward(...exampleAt(examples, row));
    training.backward();
    const found = firstBad(training.adjoints, [...data.arrays].reverse());
    if (found) return `in step ${steps + 1}, going back, ∂L/∂${found} for example ${row}`;
  }
  return `in step ${steps + 1}, the gradient is too large for a number`;
}

/** @param {Values} numbers @param {string[]} names */
function firstBad(numbers, names) {
  for (const name of names) {
    const found = numbers[name] ?? new Float64Array();
    const at = found.findIndex((number) => !Number.isFinite(number));
    if (at >= 0) return `${found.length > 1 ? `${name}[${at}]` : name} = ${four(found[at])}`;
  }
  return "";
}

// ---- What is remembered -----------------------------------------------------------------------

const layers = data.columns.flatMap(({ title, weights, biases }) => {
  return weights ? [{ title, places: [...new Set([...weights.flat(), ...biases.flat()])] }] : [];
});
/** @type {Moment[]} */
let moments = [];

/** The size of a layer's gradient: the root of its mean square. @param {number[]} places */
function sizeOf(places) {
  return Math.sqrt(places.reduce((sum, at) => sum + G[at] * G[at], 0) / places.length);
}

/** @param {Examples} from */
const lossOf = (from) => judged.mean([from.x, from.y], from.rows);

/** Note the losses and the sizes of the gradient at this moment; of very many every other one is kept. */
function remember() {
  const epoch = epochs + place / examples.count;
  if (moments.length > 2000) moments = moments.filter((_, k) => k % 2 === 0);
  if (moments.at(-1)?.epoch === epoch) moments.pop();
  const sizes = layers.map(({ places }) => sizeOf(places));
  moments.push({ epoch, loss: lossOf(examples), test: test ? lossOf(test) : NaN, sizes });
}
