// The picture: which numbers it shows, what stands out in it, and how large it is.

const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const stops = data.stops; // stop 0 stands before the first step
const last = stops.length;

/** The stops along which the gradient of a stop came, from the output to it. */
function pathTo(at) {
  const path = [];
  for (let stop = stops[at - 1]; stop?.slope; stop = stops[stop.via - 1]) path.unshift(stop);
  return path;
}

let painted = 0; // the stop that the picture shows

/** Show the picture as it is after a stop; what the stop finds stays hidden while it is asked for. */
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

/** Mark what a stop is about, where its numbers come from, and the path of the gradient so far. */
function emphasise(at) {
  for (const element of document.querySelectorAll("#picture :is(.on, .from, .path)")) {
    element.classList.remove("on", "from", "path");
  }
  if (at === 0) return;
  const stop = stops[at - 1];
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
  for (const [start, end, scroll] of [["left", "right", "scrollLeft"], ["top", "bottom", "scrollTop"]]) {
    const room = frame[end] - frame[start];
    let [low, high] = [Math.min(...boxes.map((box) => box[start])), Math.max(...boxes.map((box) => box[end]))];
    if (high - low > room) [low, high] = [boxes[0][start], boxes[0][end]];
    if (low < frame[start] || high > frame[end]) $("picture")[scroll] += (low + high) / 2 - frame[start] - room / 2;
  }
}

const zooms = [0.5, 0.75, 1, 1.5, 2, 3, 4];
let zoom = zooms.indexOf(1);

/** Make the picture larger or smaller by so many sizes. */
function zoomBy(sizes) {
  zoom += sizes;
  document.documentElement.style.setProperty("--zoom", zooms[zoom]);
  $("smaller").disabled = zoom === 0;
  $("larger").disabled = zoom === zooms.length - 1;
  if ($("smaller").disabled) $("larger").focus();
  if ($("larger").disabled) $("smaller").focus();
}
