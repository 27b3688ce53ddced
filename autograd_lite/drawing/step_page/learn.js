// @ts-check
// Learn: steps against the gradient, each update written out, and the curve of the output.

const MOST_TICKS = 40; // of leaves that can be chosen
const MOST_UPDATES = 3; // that are written out
const moving = new Set(live.moving);
/** @type {number[]} */
let curve = []; // of the output, from the first step on
/** @type {string[]} */
let updates = []; // of the last step
let playing = 0;

/** From 0.0001 to 10, one significant digit. */
const rateOf = () => Number((10 ** (Number(control("rate").value) / 3)).toPrecision(1));

/** Take one step against the gradient. */
function descend() {
  const rate = rateOf(), before = numbers;
  if (curve.length === 0) curve = [now.values[live.output]];
  const slopes = now.gradients;
  update(numbers.map((number, leaf) => (moving.has(leaf) ? number - rate * slopes[leaf] : number)));
  rememberNumbers();
  curve.push(now.values[live.output]);
  updates = [...moving].map((leaf) =>
    `${live.names[leaf]} ← ${four(before[leaf])} - ${rate} · ${bracketed(slopes[leaf])} = ${four(numbers[leaf])}`);
  showLearning();
  if (!Number.isFinite(now.values[live.output])) play(false);
}

/** @param {number} number */
const bracketed = (number) => (four(number).startsWith("-") ? `(${four(number)})` : four(number));

/** Show the updates of the last step, and the curve; an update tells the gradient, so who predicts takes none. */
function showLearning() {
  const isShut = isSecret();
  control("run").disabled = /** @type {HTMLButtonElement} */ ($("descend")).disabled = moving.size === 0 || isShut;
  if (!isShut) return writeUpdates();
  play(false);
  $("losses").hidden = true;
  writeLines($("updates"), [SECRET]);
}

function writeUpdates() {
  const L = live.names[live.output], steps = curve.length - 1, value = curve[steps];
  const left = updates.length - MOST_UPDATES;
  const lines = left > 0 ? [...updates.slice(0, MOST_UPDATES), `… and ${left} more`] : updates;
  const rule = `Each number moves against its gradient: number ← number - rate · ∂${L}/∂number`;
  const before = moving.size === 0 ? "Tick the numbers that are to move." : rule;
  const done = `After ${steps === 1 ? "1 step" : `${steps} steps`}: ${L} = ${four(value)}`;
  const trouble = steps < 1 || Number.isFinite(value) ? [] : ["A smaller rate may keep it finite."];
  writeLines($("updates"), [...(steps > 0 ? [...lines, done] : [before]), ...trouble]);
  $("losses").hidden = steps < 1;
  if (steps < 1) return;
  const point = { className: "true", x: steps, y: value };
  plot($("losses"), `${L} after each step`, curve.map((_, at) => at), [{ className: "curve", ys: curve }], [point]);
}

/**
 * Take a step in every frame, or stop.
 * @param {boolean} goes
 */
function play(goes) {
  cancelAnimationFrame(playing);
  setText(control("run"), goes ? "Stop" : "Run");
  if (!goes) return;
  playing = requestAnimationFrame(() => {
    descend();
    if (control("run").textContent === "Stop") play(true);
  });
}

/** Let the reader tick what moves; of many leaves it is only said. */
function offer() {
  const those = "those of modules, or of step_through(…, parameters=…)";
  if (recorded.length > MOST_TICKS) {
    setText($("moving"), `${moving.size} of ${recorded.length} numbers move: ${those}.`);
    return;
  }
  $("moving").append(...recorded.map((_, leaf) => {
    const label = document.createElement("label"), box = document.createElement("input");
    Object.assign(box, { type: "checkbox", checked: moving.has(leaf) });
    box.onchange = () => {
      if (box.checked) moving.add(leaf);
      else moving.delete(leaf);
      restart();
    };
    label.append(box, ` ${live.names[leaf]}`);
    return label;
  }));
}

/** Forget the curve: what comes next does not continue it. */
function restart() {
  play(false);
  [curve, updates] = [[], []];
  showLearning();
}

opens(control("learning"), $("learn"), restart);
$("descend").onclick = () => {
  play(false);
  descend();
};
control("run").onclick = () => play(control("run").textContent === "Run");
control("rate").oninput = () => setText($("shown"), String(rateOf()));
setText($("shown"), String(rateOf()));
control("reset").addEventListener("click", restart);
moved.push(showLearning);
offer();
