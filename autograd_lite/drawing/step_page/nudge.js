// @ts-check
// Nudge: what the gradient promises for a change of one number, and what truly comes of it.

/** How far the number in the panel is nudged. */
const nudgeBy = () => read(control("by").value) ?? 0;

/**
 * The output, if the number in the panel were another.
 * @param {number} number
 */
function outputAt(number) {
  return forward(numbers.map((old, leaf) => (leaf === chosen ? number : old))).values[live.output];
}

/** Write the promise and the truth, and draw both. */
function showNudge() {
  if ($("nudge").hidden) return;
  $("curve").hidden = isSecret();
  if (isSecret()) return writeLines($("promise"), [SECRET]);
  const x = live.names[chosen], L = live.names[live.output], by = nudgeBy();
  const here = numbers[chosen], before = now.values[live.output], slope = now.gradients[chosen];
  const after = outputAt(here + by), promised = slope * by, truly = clean(after - before);
  setText($("nudged"), `Δ${x}`);
  writeLines($("promise"), [
    `Promised: ${derivativeBy(chosen)} · Δ${x} = ${four(slope)} · ${four(by)} = ${four(promised)}`,
    `True: ${L} goes from ${four(before)} to ${four(after)}, Δ${L} = ${four(truly)}`,
    differenceOf(L, promised, truly, before),
  ]);
  const reach = Math.max(1.5 * Math.abs(finite(by)), 10 * unitOf(chosen));
  const xs = Array.from({ length: 101 }, (_, index) => here + (reach * (index - 50)) / 50);
  const tangent = xs.map((number) => before + slope * (number - here));
  const curves = [{ className: "curve", ys: xs.map(outputAt) }, { className: "tangent", ys: tangent }];
  plot($("curve"), `${L} over ${x}, and its tangent`, xs, curves, [
    { className: "here", x: here, y: before },
    { className: "true", x: here + by, y: after },
    { className: "promised", x: here + by, y: before + promised },
  ]);
}

/**
 * @param {string} L
 * @param {number} promised
 * @param {number} truly
 * @param {number} before the output, which is rounded
 */
function differenceOf(L, promised, truly, before) {
  const off = clean(truly - promised);
  if (!Number.isFinite(off)) return "Where a number is not finite, nothing is promised.";
  if (Math.abs(off) <= 1e-9 * Math.max(Math.abs(truly), Math.abs(promised))) return "The promise is kept.";
  if (Math.abs(off) <= 1e-15 * Math.abs(before)) return `The promise is kept as far as the digits of ${L} reach.`;
  return `Difference: ${four(off)}. ${L} bends; a smaller nudge is promised better.`;
}

/**
 * Halve or double the nudge with the arrow keys.
 * @param {KeyboardEvent} event
 */
function steerNudge(event) {
  const times = event.key === "ArrowUp" ? 2 : event.key === "ArrowDown" ? 0.5 : 0;
  if (times === 0) return;
  event.preventDefault();
  control("by").value = whole(clean(nudgeBy() * times));
  showNudge();
}

opens(control("nudging"), $("nudge"), showNudge);
control("by").oninput = showNudge;
control("by").onkeydown = steerNudge;
$("take").onclick = () => set(chosen, clean(numbers[chosen] + nudgeBy()));
changed.push(showNudge);
moved.push(showNudge);
