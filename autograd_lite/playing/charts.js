// @ts-check
// The curves: the loss, and the size of the gradient by layer, over the epochs.

const HEIGHT = 110;
const DASHES = ["", "5 3", "2 2", "8 3 2 3", "1 3", "10 4"];
const MOST_POINTS = 400;

/** A curve. @typedef {{name: string, ink: string, numbers: number[]}} Curve */

/**
 * Draw some curves with their names beside them.
 * @param {SVGElement} svg @param {Curve[]} curves @param {number[]} along @param {boolean} log whether by powers of ten
 */
function paintChart(svg, curves, along, log) {
  const width = svg.clientWidth || 320;
  const frame = { left: 54, right: width - 80, top: 8, bottom: HEIGHT - 20 };
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  /** @param {number} number */
  const height = (number) => (!log ? number : number > 0 ? Math.log10(number) : NaN);
  const [low, high] = rangeOf(curves.flatMap(({ numbers }) => numbers.map(height)).filter(Number.isFinite), log);
  const end = Math.max(along.at(-1) ?? 0, 1e-9);
  const stride = Math.ceil(along.length / MOST_POINTS);
  const lines = curves.map(({ numbers }) => {
    const kept = numbers.map((number, at) => [along[at] / end, (height(number) - low) / (high - low)]);
    const points = kept.filter(([, up], at) => Number.isFinite(up) && (at % stride === 0 || at === kept.length - 1));
    return points.map(([x, up]) => [frame.left + (frame.right - frame.left) * x, frame.bottom - (frame.bottom - frame.top) * up]);
  });
  const numberAt = (/** @type {number} */ at) => four(log ? 10 ** at : at);
  svg.replaceChildren(
    drawn("path", { d: `M${frame.left} ${frame.top}V${frame.bottom}H${frame.right}`, fill: "none", stroke: "#6b6b6b" }),
    drawn("text", { x: frame.left - 4, y: frame.top + 6, "text-anchor": "end" }, numberAt(high)),
    drawn("text", { x: frame.left - 4, y: frame.bottom, "text-anchor": "end" }, numberAt(low)),
    drawn("text", { x: frame.left, y: HEIGHT - 6 }, "0"),
    drawn("text", { x: frame.right, y: HEIGHT - 6, "text-anchor": "end" }, `epoch ${epochText(end)}`),
    ...curves.flatMap((curve, k) => drawnCurve(curve, lines[k], k, frame.right)),
  );
}

/** @param {number[]} all @param {boolean} log @returns {Pair} */
function rangeOf(all, log) {
  if (all.length === 0) return [0, 1];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const range = log ? [Math.floor(low), Math.ceil(high)] : [Math.min(0, low), high];
  return [range[0], range[1] > range[0] ? range[1] : range[0] + 1];
}

/** @param {number} end */
const epochText = (end) => (end < 1e-6 ? "0" : end < 10 ? four(end) : String(Math.floor(end)));

/** A curve, and its name with a piece of it. @param {Curve} curve @param {number[][]} points @param {number} k @param {number} right */
function drawnCurve({ name, ink }, points, k, right) {
  const style = { fill: "none", stroke: ink, "stroke-width": 2, "stroke-dasharray": DASHES[k % DASHES.length] };
  const d = points.map(([x, y], at) => `${at ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  const line = drawn("path", { ...style, d: points.length === 1 ? `${d}h2` : d });
  const y = 14 + 13 * k;
  if (y > HEIGHT - 20) return [line];
  return [line, drawn("path", { ...style, d: `M${right + 8} ${y - 4}h18` }), drawn("text", { x: right + 30, y }, name)];
}

/** Draw both charts from what is remembered. */
function paintCharts() {
  const along = moments.map(({ epoch }) => epoch);
  const losses = [{ name: "train", ink: "#00507f", numbers: moments.map(({ loss }) => loss) }];
  if (test) losses.push({ name: "test", ink: "#b34700", numbers: moments.map((moment) => moment.test) });
  paintChart($("losses"), losses, along, false);
  const inks = [0, 1, 2, 3, 4, 6].map(inkOf);
  const sizes = layers.map(({ title }, k) => {
    return { name: title, ink: inks[k % inks.length], numbers: moments.map((moment) => moment.sizes[k]) };
  });
  paintChart($("sizes"), sizes, along, true);
}
