// @ts-check
// Learn: steps against the gradient, each update written out, and the curve of the output.

const MOST_TICKS = 40; // of leaves that can be chosen
const MOST_UPDATES = 4; // that are written out
const moving = new Set(live.moving);
/** @type {number[]} */
let curve = []; // of the output, from the first step on
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
  writeUpdates([...moving].map((leaf) =>
    `${live.names[leaf]} ← ${four(before[leaf])} - ${rate} · ${bracketed(slopes[leaf])} = ${four(numbers[leaf])}`));
  if (!Number.isFinite(now.values[live.output])) play(false);
}

/** @param {number} number */
const bracketed = (number) => (four(number).startsWith("-") ? `(${four(number)})` : four(number));

/**
 * Show the updates of the last step, and the curve.
 * @param {string[]} lines
 */
function writeUpdates(lines) {
  const L = live.names[live.output], steps = curve.length - 1;
  const shown = lines.length > MOST_UPDATES ? [...lines.slice(0, MOST_UPDATES - 1), `… and ${lines.length - MOST_UPDATES + 1} more`] : lines;
  const value = now.values[live.output];
  const done = steps > 0 ? [`After ${steps === 1 ? "1 step" : `${steps} steps`}: ${L} = ${four(value)}`] : [];
  const trouble = Number.isFinite(value) ? [] : ["A smaller rate may keep it finite."];
  const first = moving.size === 0 ? "Tick the numbers that are to move." : `Each number moves against its gradient: number ← number - rate · ∂${L}/∂number.`;
  writeLines($("updates"), [...(lines.length ? shown : [first]), ...done, ...trouble]);
  $("losses").setAttribute("aria-label", `${L} after each step`);
  $("losses").toggleAttribute("hidden", steps < 1);
  if (steps > 0) plot($("losses"), curve.map((_, at) => at), [{ className: "curve", ys: curve }], [{ className: "true", x: steps, y: value }]);
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
  if (recorded.length > MOST_TICKS) {
    setText($("moving"), `${moving.size} of ${recorded.length} numbers move: those of modules, or step_through(…, parameters=…).`);
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
  curve = [];
  control("run").disabled = /** @type {HTMLButtonElement} */ ($("descend")).disabled = moving.size === 0;
  writeUpdates([]);
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
offer();
