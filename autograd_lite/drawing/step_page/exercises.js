// @ts-check
// New numbers: exercises, each the same for all who have its number. The reader predicts every step of it.

let exercise = 0; // none

/**
 * Random numbers from 0 to 1, the same for the same seed (mulberry32).
 * @param {number} seed
 */
function randomFrom(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/**
 * How many of all numbers are easy to work with: not 0, and neither large nor tiny; -1 where one is not finite.
 * @param {number[]} leaves
 */
function ease(leaves) {
  const { values, gradients } = pass(leaves);
  const all = [...values, ...gradients].map(Math.abs);
  if (!all.every(Number.isFinite)) return -1;
  return all.filter((number) => number >= 1e-3 && number < 1e3).length / all.length;
}

/**
 * Numbers for an exercise: small whole ones where the graph allows, else with one decimal.
 * @param {number} seed
 */
function draw(seed) {
  const random = randomFrom(seed);
  const within = (/** @type {number} */ reach) => (2 * random() - 1) * reach;
  const kinds = [
    () => recorded.map(() => Math.round(within(5)) || 1),
    () => recorded.map((number) => Number(within(Math.max(1, 1.5 * Math.abs(finite(number)))).toFixed(1)) || 0.5),
    () => recorded.map((number) => Number((Math.abs(within(1)) * (Math.abs(finite(number)) || 1)).toFixed(1)) || 0.5),
  ];
  let [best, most] = [recorded, -1];
  for (const make of kinds) {
    for (let trial = 0; trial < 30 && most < 1; trial++) {
      const drawn = make(), found = ease(drawn);
      if (found > most + 0.1 || (found > most && make === kinds[0])) [best, most] = [drawn, found];
    }
  }
  return [...best];
}

/**
 * Take the numbers of an exercise, or those recorded.
 * @param {number} number
 */
function setExercise(number) {
  if (number !== exercise) outcomes.clear(); // they were of another one
  if (number !== exercise && number > 0) $("predict").checked = true;
  exercise = number;
  base = exercise > 0 ? draw(exercise) : recorded;
}

/**
 * Begin an exercise.
 * @param {number} number
 */
function beginExercise(number) {
  setExercise(number);
  restart();
  update([...base]);
  changeAddress((entries) => {
    entries.set("exercise", String(exercise));
    writeNumbers(entries);
  });
  outcomes.clear(); // even if it begins anew
  go(0);
  $("next").focus();
}

/** Say which exercise this is, and the score so far. */
function showExercise() {
  if (base === recorded) exercise = 0; // after Reset
  const asked = [...outcomes.values()].filter((outcome) => outcome !== "seen");
  const right = asked.filter((outcome) => outcome === "right").length;
  const sofar = asked.length > 0 ? `: ${right} of ${asked.length} at once` : "";
  setText($("exercise"), exercise > 0 ? `Exercise ${exercise}${sofar}` : "");
}

/** What the address asks for: an exercise, and numbers that differ from it. */
function numbersOfAddress() {
  const asked = Number(addressEntries().get("exercise"));
  setExercise(Number.isSafeInteger(asked) && asked > 0 ? asked : 0);
  restart();
  update(numbersFromAddress());
  choose(chosen);
  go(position);
}

$("renew").onclick = () => beginExercise(exercise + 1);
moved.push(showExercise);
changed.push(showExercise);
window.addEventListener("hashchange", numbersOfAddress);

// ---- The page begins: all its parts are there ------------------------------------------------------

numbersOfAddress();
$("live").hidden = false;
