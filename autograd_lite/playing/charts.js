// @ts-check
// The curves: the loss, and the size of the gradient by layer, over the epochs.

const HEIGHT = 110;
const DASHES = ["", "5 3", "2 2", "8 3 2 3", "1 3", "10 4"];

/**
 * Draw some curves with their names beside them.
 * @param {any} svg @param {{name: string, ink: string, numbers: number[]}[]} series @param {number[]} along @param {boolean} log
 */
function paintChart(svg, series, along, log) {
  const width = svg.clientWidth || 320;
  const frame = { left: 54, right: width - 80, top: 8, bottom: HEIGHT - 20 };
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  const seen = (number) => (log ? (number > 0 ? Math.log10(number) : NaN) : number);
  const all = series.flatMap(({ numbers }) => numbers.map(seen)).filter(Number.isFinite);
  let [low, high] = [log ? Math.min(...all) : Math.min(0, ...all), Math.max(...all)];
  if (log) [low, high] = [Math.floor(low), Math.ceil(high)];
  if (all.length === 0) [low, high] = [0, 1];
  if (high <= low) high = low + 1;
  const end = Math.max(along.at(-1) ?? 0, 1e-9);
  const x = (epoch) => frame.left + ((frame.right - frame.left) * epoch) / end;
  const y = (number) => frame.bottom - ((frame.bottom - frame.top) * (number - low)) / (high - low);
  const text = (content, at) => drawn("text", at, content);
  const stride = Math.max(1, Math.ceil(along.length / 400));
  const parts = [
    drawn("path", { d: `M${frame.left} ${frame.top}V${frame.bottom}H${frame.right}`, fill: "none", stroke: "#6b6b6b" }),
    text(log ? four(10 ** high) : four(high), { x: frame.left - 4, y: frame.top + 6, "text-anchor": "end" }),
    text(log ? four(10 ** low) : four(low), { x: frame.left - 4, y: frame.bottom, "text-anchor": "end" }),
    text("0", { x: frame.left, y: HEIGHT - 6 }),
    text(`epoch ${end < 1e-6 ? 0 : end < 10 ? four(end) : Math.floor(end)}`, { x: frame.right, y: HEIGHT - 6, "text-anchor": "end" }),
  ];
  series.forEach(({ name, ink, numbers }, k) => {
    const kept = numbers.map((number, at) => [along[at], seen(number), at]).filter(([, number, at]) => Number.isFinite(number) && (at % stride === 0 || at === numbers.length - 1));
    const d = kept.map(([epoch, number], at) => `${at ? "L" : "M"}${x(epoch).toFixed(1)} ${y(number).toFixed(1)}`).join("");
    const style = { fill: "none", stroke: ink, "stroke-width": 2, "stroke-dasharray": DASHES[k % DASHES.length] };
    parts.push(drawn("path", { ...style, d: kept.length === 1 ? `${d}h2` : d }));
    if (k > 5) return;
    const line = frame.top + 6 + 13 * k;
    parts.push(drawn("path", { ...style, d: `M${frame.right + 8} ${line - 4}h18` }), text(name, { x: frame.right + 30, y: line }));
  });
  svg.replaceChildren(...parts);
}

/** Draw both charts from what is remembered. */
function paintCharts() {
  const along = history.map(({ epoch }) => epoch);
  const curves = [{ name: "train", ink: "#00507f", numbers: history.map(({ loss }) => loss) }];
  if (test) curves.push({ name: "test", ink: "#b34700", numbers: history.map((each) => each.test) });
  paintChart($("losses"), curves, along, false);
  const sizes = layerNames.map((name, k) => ({ name, ink: inkOf([1, 0, 2, 3, 4, 6][k % 6]), numbers: history.map((each) => each.sizes[k]) }));
  paintChart($("sizes"), sizes, along, true);
}
