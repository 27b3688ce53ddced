// @ts-check
// Predict mode: before a step it asks for an idea. A wrong answer brings a hint, the second one the answer.

/** @type {Map<number, "right" | "helped" | "wrong" | "seen">} */
const outcomes = new Map(); // of the stops that were asked: "right", "helped" or "wrong"; "seen" of the others
let hinted = false; // of the question that is open

/** @type {(stop: Stop) => string[]} */
const wordsOfRow = (stop) => Array.from($("step-" + stop.step).lastElementChild?.children ?? [], (part) => part.textContent);
const source = { words: wordsOfRow }; // a page that computes puts its own numbers in

/**
 * The words of a step, in parts: what changes, by which rule, the numbers put in, the result.
 * @param {Stop} stop
 */
const partsOf = (stop) => source.words(stop);

/**
 * What is asked at a stop, if anything is still open there.
 * @param {number} at
 */
function questionAt(at) {
  return $("predict").checked && at > 0 && !outcomes.has(at) ? stops[at - 1].ask : undefined;
}

/**
 * Read the numbers of a backward step out of its words: " = 1 · -4" and " = -4  (0 → -4)".
 * @param {Stop} stop
 */
function numbersOf(stop) {
  const [, , factors, result] = partsOf(stop);
  const [, upstream, local] = factors.split(/[=·\s]+/);
  const [, contribution, before, total] = result.split(/[=(→)\s]+/);
  return { upstream, local, contribution, before, total };
}

/**
 * The words of a question: what the sentence shows, what is asked, the hint, and the sentence after it.
 * @param {Stop} stop that has one
 * @returns {{sentence: string, asked: string, hint: string, after: string}}
 */
function wordsOf(stop) {
  const [start, rule, factors, result] = partsOf(stop);
  const backward = stop.step >= data.seed;
  if (stop.ask === "next") {
    const sentence = backward ? "Which node passes its gradient on next?" : "Which node is computed next?";
    const hint = backward
      ? "A node is next when all that was computed from it has passed on its gradient; a leaf passes nothing on."
      : "Only a node whose inputs are all known can be computed.";
    return { sentence, asked: "One of", hint, after: sentence };
  }
  if (stop.ask === "seed") {
    const hint = data.whys[stop.why] + ".";
    return { sentence: start + " = ?", asked: "The gradient that the backward pass begins with", hint, after: start + " = ?" };
  }
  const { upstream, local, contribution, before } = numbersOf(stop);
  const words = {
    local: {
      sentence: start + "?",
      asked: "The local derivative " + stop.slope,
      hint: data.whys[stop.why] + ".",
      after: start + (read(rule) === null ? rule : "?"),
    },
    contribution: {
      sentence: start + rule + " = ?",
      asked: "The contribution that flows along this arrow",
      hint: `The chain rule: what arrives, ${upstream}, times the local derivative, ${local}.`,
      after: start + rule + factors + " = ?",
    },
    total: {
      sentence: start + rule + `  (${before} → ?)`,
      asked: `The running total after this step, ${before} before it`,
      hint: `Gradients add up where arrows meet: ${before} and this contribution, ${contribution}.`,
      after: start + rule + factors + result.replace(/→.*/, "→ ?)"),
    },
  };
  return words[/** @type {keyof typeof words} */ (stop.ask)];
}

/**
 * Put a question on the page, as it is before or after its hint.
 * @param {Stop} stop
 */
function ask(stop) {
  const words = wordsOf(stop);
  $("sentence").textContent = hinted ? words.after : words.sentence;
  $("asked").textContent = words.asked + ":";
  $("hint").disabled = hinted;
  for (const id of ["guess", "check", "enough"]) $(id).hidden = stop.ask === "next";
  $("choices").replaceChildren(...(stop.choices ?? []).map((name) => {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: name, onclick: () => judge(name === stop.right, name, stop.right ?? "") });
    return button;
  }));
  if (document.activeElement?.closest("#slider, #change, .leaf")) return;
  (stop.ask === "next" ? $("question") : $("guess")).focus();
  $("guess").select();
}

/** Give the hint, after some words. */
function giveHint(before = "") {
  hinted = true;
  const stop = stops[position - 1];
  ask(stop);
  $("verdict").textContent = `${before}Hint: ${wordsOf(stop).hint}`;
}

/**
 * Compare to two significant digits.
 * @param {number} guess
 * @param {number | null} number
 */
function agree(guess, number) {
  if (Object.is(guess, number) || guess === number) return true;
  if (number === null || !Number.isFinite(number) || !Number.isFinite(guess) || number === 0) return false;
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(number))) - 1);
  return Math.abs(guess - number) <= unit * 0.5000001;
}

/**
 * Say what a wrong number is, if it is one of those that are easily mistaken for what was asked.
 * @param {number} guess
 * @param {number} answer
 * @param {Record<"local" | "contribution" | "total", string>} numbers of the step
 */
function mistaken(guess, answer, { local, contribution, total }) {
  if (answer !== 0 && agree(guess, -answer)) return "Mind the sign. ";
  /** @type {Record<string, string>} */
  const names = { "the contribution of this step alone": contribution, "the local derivative alone": local, "the running total": total };
  const name = Object.keys(names).find((each) => names[each] !== undefined && agree(guess, read(names[each])));
  return name ? `That is ${name}. ` : "";
}

/** @param {Event} event */
function check(event) {
  event.preventDefault();
  const stop = stops[position - 1];
  const typed = $("guess").value.trim();
  const guess = read(typed);
  if (guess === null) {
    $("verdict").textContent = "Type a number, such as -4 or 0.25.";
    return;
  }
  const numbers = numbersOf(stop);
  const shown = stop.ask === "seed" ? "1" : numbers[/** @type {keyof typeof numbers} */ (stop.ask)];
  const answer = /** @type {number} */ (read(shown));
  judge(agree(guess, answer), typed, shown, mistaken(guess, answer, numbers));
}

/**
 * Take an answer: right goes on, the first wrong one brings the hint.
 * @param {boolean} right
 * @param {string} said
 * @param {string} answer
 */
function judge(right, said, answer, remark = "") {
  if (!right && !hinted) {
    giveHint(`✗ Not ${said}. ${remark}`);
    return;
  }
  outcomes.set(position, !right ? "wrong" : hinted ? "helped" : "right");
  go(position);
  const verdict = right ? `✓ Right: ${answer}` : `✗ Wrong: you said ${said}, it is ${answer}`;
  $("verdict").textContent = [verdict, score()].filter(Boolean).join(". ");
  (position === last ? $("previous") : $("next")).focus();
}

/** The score, at the end. */
function score() {
  /** @param {string} outcome */
  const count = (outcome) => [...outcomes.values()].filter((each) => each === outcome).length;
  const [right, helped, wrong] = ["right", "helped", "wrong"].map(count);
  const asked = right + helped + wrong;
  if (position < last || asked === 0 || questionAt(position)) return "";
  return `Your score: ${right} of ${asked} at once, ${helped} more after a hint.`;
}

/** Begin or end to predict: what has been seen is not asked. */
function startPredicting() {
  outcomes.clear();
  for (let at = 1; at <= position; at++) outcomes.set(at, "seen");
  go(position);
}
