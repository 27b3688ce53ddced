// @ts-check
// The picture: which numbers it shows, what stands out in it, and how large it is.

/**
 * One stop of the page: a step, or several that are taken at once ("begin" is the first of them).
 * @typedef {object} Stop
 * @property {number} step
 * @property {number} [begin]
 * @property {string[]} edges that it goes along, by their ids
 * @property {string[]} on what it is about: first the box that changes
 * @property {string[]} from where its numbers come from
 * @property {[string, string][]} texts that it changes: ids, and what they say then
 * @property {number} why its place in the list of whys
 * @property {string} [inside]
 * @property {string} [slope] of a backward step along an arrow: the name of its local derivative
 * @property {number} [via] the stop that the gradient came by
 * @property {string} [start] where several met: what they add up to
 * @property {"local" | "contribution" | "total" | "seed" | "next"} [ask]
 * @property {string[]} [choices]
 * @property {string} [right] one of the choices
 */

/**
 * @typedef {object} Data
 * @property {[string, string][]} start the texts before the first step
 * @property {string[]} edges that have a label
 * @property {number} count of all steps
 * @property {number} seed the step that the backward pass begins with
 * @property {string} begin
 * @property {string} help
 * @property {string[]} whys
 * @property {Stop[]} stops
 */

/**
 * The elements that are more than an HTMLElement, by their ids.
 * @typedef {Record<"slider" | "guess" | "predict", HTMLInputElement>
 *   & Record<"first" | "previous" | "next" | "last" | "smaller" | "larger" | "hint", HTMLButtonElement>
 *   & Record<"transcript", HTMLDetailsElement>} Elements
 */

/** @type {<Id extends string>(id: Id) => Id extends keyof Elements ? Elements[Id] : HTMLElement} */
const $ = (id) => /** @type {any} */ (document.getElementById(id));
/** @type {Data} */
const data = JSON.parse($("data").textContent);
const stops = data.stops; // stop 0 stands before the first step
const last = stops.length;

/**
 * The stops along which the gradient of a stop came, from the output to it.
 * @param {number} at
 */
function pathTo(at) {
  /** @type {Stop[]} */
  const path = [];
  for (let stop = stops[at - 1]; stop?.slope; stop = stops[(stop.via ?? 0) - 1]) path.unshift(stop);
  return path;
}

let painted = 0; // the stop that the picture shows

/**
 * Show the picture as it is after a stop; what the stop finds stays hidden while it is asked for.
 * @param {number} at
 * @param {boolean} hidden
 */
function paint(at, hidden) {
  painted = at;
  const texts = new Map(data.start);
  const seen = new Set();
  for (const stop of stops.slice(0, at)) {
    const asked = hidden && stop === stops[at - 1];
    for (const [id, text] of stop.texts) texts.set(id, !asked ? text : text.startsWith("∂") ? "∂ ?" : "?");
    if (!asked) for (const edge of stop.edges) seen.add(edge);
  }
  for (const [id, text] of texts) {
    const element = $(id);
    if (element && element.textContent !== text) element.textContent = text;
  }
  for (const edge of data.edges) $(edge)?.classList.toggle("later", !seen.has(edge));
  emphasise(at);
}

/**
 * Mark what a stop is about, where its numbers come from, and the path of the gradient so far.
 * @param {number} at
 */
function emphasise(at) {
  for (const element of document.querySelectorAll("#picture :is(.on, .from, .path)")) {
    element.classList.remove("on", "from", "path");
  }
  if (at === 0) return;
  const stop = stops[at - 1];
  /** @type {(ids: string[], kind: string) => void} */
  const mark = (ids, kind) => ids.forEach((id) => $(id)?.classList.add(kind));
  $("picture").classList.toggle("backward", stop.step >= data.seed);
  for (const { edges } of pathTo(at)) mark(edges, "path");
  mark(stop.from, "from");
  mark([...stop.edges, ...stop.on], "on");
  reveal();
}

/** Scroll the picture to where a step is: to all that it is about if there is room, else to the box that changes. */
function reveal() {
  if (painted === 0) return;
  const stop = stops[painted - 1];
  const frame = $("picture").getBoundingClientRect();
  const boxes = [...stop.on, ...stop.edges, ...stop.from].map($).filter(Boolean).map((element) => element.getBoundingClientRect());
  if (boxes.length === 0) return;
  const directions = /** @type {const} */ ([["left", "right", "scrollLeft"], ["top", "bottom", "scrollTop"]]);
  for (const [start, end, scroll] of directions) {
    const room = frame[end] - frame[start];
    let [low, high] = [Math.min(...boxes.map((box) => box[start])), Math.max(...boxes.map((box) => box[end]))];
    if (high - low > room) [low, high] = [boxes[0][start], boxes[0][end]];
    if (low < frame[start] || high > frame[end]) $("picture")[scroll] += (low + high) / 2 - frame[start] - room / 2;
  }
}

const zooms = [0.5, 0.75, 1, 1.5, 2, 3, 4];
let zoom = zooms.indexOf(1);

/**
 * Make the picture larger or smaller by so many sizes.
 * @param {number} sizes
 */
function zoomBy(sizes) {
  zoom += sizes;
  document.documentElement.style.setProperty("--zoom", String(zooms[zoom]));
  $("smaller").disabled = zoom === 0;
  $("larger").disabled = zoom === zooms.length - 1;
  if ($("smaller").disabled) $("larger").focus();
  if ($("larger").disabled) $("smaller").focus();
}
