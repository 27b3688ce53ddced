// @ts-check
// What an output answers: the label that has the smallest loss for it, and how sure that is.

const K = data.labels.length;
const judge = makeJudge(P, ownG, () => 0.5);
const shares = new Float64Array(K); // how likely each label is, by the loss

/**
 * Give each label its share for an output: exp(-loss), scaled to add up to 1. Where the loss is the
 * negative logarithm of a probability, that is the probability.
 * @param {Numbers} outputs
 */
function answer(outputs) {
  let best = 0;
  for (let k = 0; k < K; k++) {
    shares[k] = -judge.forward(outputs, data.labels[k])[0];
    if (!(shares[k] <= shares[best])) best = k;
  }
  const most = shares[best];
  let sum = 0;
  for (let k = 0; k < K; k++) sum += shares[k] = Math.exp(shares[k] - most);
  for (let k = 0; k < K; k++) shares[k] /= sum;
  return best;
}

/** The number of a label in the list of labels. @param {Numbers} target */
function labelOf(target) {
  return data.labels.findIndex((label) => label.every((number, at) => number === target[at]));
}

/** How many of some examples are answered right; and which are not. @param {Examples} from */
function rightOf(from) {
  /** @type {Set<number>} */
  const wrong = new Set();
  for (let k = 0; K && k < from.count; k++) {
    const [x, y] = exampleAt(from, k);
    if (answer(shown.forward(x)) !== labelOf(y)) wrong.add(k);
  }
  return { right: from.count - wrong.size, wrong };
}

/** Write a label with all its digits, or a target. @param {Numbers} target */
function labelText(target) {
  const texts = Array.from(target, K ? whole : four);
  return texts.length === 1 ? texts[0] : `(${texts.join(", ")})`;
}
