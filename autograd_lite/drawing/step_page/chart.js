// @ts-check
// A small chart: curves, points on them, and the numbers at both ends of its axes.

const WIDE = 260, HIGH = 140, LEFT = 8, RIGHT = 252, TOP = 16, BOTTOM = 122;

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {string} [text]
 */
function shape(tag, attributes, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.textContent = text;
  return element;
}

/**
 * The ends of an axis that holds all these numbers.
 * @param {number[]} numbers
 */
function span(numbers) {
  const known = numbers.filter(Number.isFinite);
  const low = Math.min(...known), high = Math.max(...known);
  if (known.length === 0) return [0, 1];
  return high > low ? [low, high] : [low - 1, high + 1];
}

/**
 * Draw curves over x, the first of which is what matters, and points; what is not finite is left out.
 * @param {HTMLElement} element where it is drawn
 * @param {string} label what it shows, for those who cannot see it
 * @param {number[]} xs
 * @param {{className: string, ys: number[]}[]} curves
 * @param {{className: string, x: number, y: number}[]} points
 */
function plot(element, label, xs, curves, points) {
  const [from, to] = span(xs), [low, high] = span([...curves[0].ys, ...points.map(({ y }) => y)]);
  const X = (/** @type {number} */ x) => LEFT + ((RIGHT - LEFT) * (x - from)) / (to - from);
  const Y = (/** @type {number} */ y) => BOTTOM - ((BOTTOM - TOP) * (y - low)) / (high - low);
  const within = (/** @type {number} */ y) => Number.isFinite(y) && y >= low - (high - low) && y <= high + (high - low);
  const lines = curves.map(({ className, ys }) => {
    const known = xs.map((x, at) => [x, ys[at]]).filter(([, y]) => within(y));
    const places = known.map(([x, y]) => `${X(x).toFixed(1)},${Y(y).toFixed(1)}`);
    return shape("polyline", { class: className, points: places.join(" ") });
  });
  const shown = points.filter(({ y }) => within(y));
  const dots = shown.map(({ className, x, y }) => shape("circle", { class: className, cx: X(x), cy: Y(y), r: 4 }));
  const svg = shape("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": label });
  svg.append(
    ...lines, ...dots,
    shape("text", { x: LEFT, y: 11 }, four(high)), shape("text", { x: LEFT, y: BOTTOM - 2, class: "low" }, four(low)),
    shape("text", { x: LEFT, y: HIGH - 4, class: "axis" }, four(from)),
    shape("text", { x: RIGHT, y: HIGH - 4, "text-anchor": "end", class: "axis" }, four(to)),
  );
  element.replaceChildren(svg);
}

/**
 * Put lines of words on the page, a paragraph each.
 * @param {HTMLElement} element
 * @param {string[]} lines
 */
function writeLines(element, lines) {
  element.replaceChildren(...lines.map((text) => Object.assign(document.createElement("p"), { textContent: text })));
}

/**
 * Let a button open and close what it names.
 * @param {HTMLElement} button
 * @param {HTMLElement} tool
 * @param {(isOpen: boolean) => void} then
 */
function opens(button, tool, then) {
  button.addEventListener("click", () => {
    tool.hidden = !tool.hidden;
    button.setAttribute("aria-expanded", String(!tool.hidden));
    then(!tool.hidden);
  });
}
