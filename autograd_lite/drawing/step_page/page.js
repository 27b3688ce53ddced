// @ts-check
// The page is complete without its script: it holds the picture with the last numbers, and every
// step as text. The script moves the highlight and the numbers, and takes all words from the table.

let position = 0;
let wasOpen = false; // the table, before printing
const backward = stops.findIndex((stop) => stop.step >= data.seed) + 1;
/** @type {HTMLElement | null} */
const frame = location.href === "about:srcdoc" ? /** @type {any} */ (window.frameElement) : null; // null too where it is shut off

/**
 * Write what a stop says: its place, its sentence, the chain rule along its path, and why.
 * @param {number} at
 */
function say(at) {
  const stop = stops[at - 1];
  $("place").textContent = placeOf(stop);
  $("sentence").textContent = stop ? partsOf(stop).join("") : data.begin;
  $("chain").textContent = stop ? chainOf(at) : "";
  $("inside").textContent = stop?.inside ?? "";
  $("why").textContent = stop ? (at >= backward && data.whys[stop.why]) || "" : data.help;
  for (const row of document.querySelectorAll("tr[aria-current]")) row.removeAttribute("aria-current");
  if (stop) $("step-" + stop.step).setAttribute("aria-current", "step");
}

/** @param {Stop | undefined} stop */
function placeOf(stop) {
  if (!stop) return "Before the first step";
  if (stop.begin) return `Steps ${stop.begin} to ${stop.step}`;
  return `Step ${stop.step} of ${data.count}, ${stop.step < data.seed ? "forward" : "backward"}`;
}

/**
 * The product of the local derivatives along the path so far, "∂L/∂q · ∂q/∂x = -4 · 1 = -4".
 * @param {number} at
 */
function chainOf(at) {
  const path = pathTo(at);
  if (path.length === 0) return "";
  /** @param {(string | undefined)[]} list */
  const short = (list) => (list.length > 7 ? [...list.slice(0, 3), "…", ...list.slice(-3)] : list).join(" · ");
  const numbers = path.map(numbersOf);
  const { start } = path[0];
  const symbols = [...(start ? [start] : []), ...path.map((stop) => stop.slope)];
  const factors = [...(start ? [numbers[0].upstream] : []), ...numbers.map(({ local }) => local)];
  if (symbols.length === 1) return "";
  return `Path so far: ${short(symbols)} = ${short(factors)} = ${numbers[numbers.length - 1].contribution}`;
}

/**
 * Go to a stop, and bring everything on the page up to date.
 * @param {number} to
 */
function go(to) {
  position = Math.max(0, Math.min(last, to));
  const focused = /** @type {HTMLButtonElement | null} */ (document.activeElement);
  hinted = false;
  $("verdict").textContent = score();
  $("guess").value = "";
  $("first").disabled = $("previous").disabled = position === 0;
  $("next").disabled = $("last").disabled = position === last;
  if (focused?.disabled) (position === 0 ? $("next") : $("previous")).focus();
  show(position);
  $("slider").value = String(position);
  $("slider").setAttribute("aria-valuetext", $("place").textContent);
  toAddress();
  for (const listener of moved) listener();
}

/** @type {(() => void)[]} */
const moved = []; // what else is done after a step

/**
 * Show a stop, or what is asked there: of the next node nothing may be seen.
 * @param {number} at
 */
function show(at) {
  const question = questionAt(at);
  $("question").hidden = !question;
  if (question !== "next") paint(at, Boolean(question));
  else paint(at - 1, false);
  say(at);
  if (!question) return;
  $("step-" + stops[at - 1].step).removeAttribute("aria-current");
  $("chain").textContent = $("why").textContent = "";
  ask(stops[at - 1]);
}

function next() {
  if (!questionAt(position)) go(position + 1);
  else $("verdict").textContent = "Answer first, take the hint, or switch Predict off.";
}

/** What the address holds behind its "#". */
const addressEntries = () => new URLSearchParams(location.hash.slice(1));

/** The stop that the address asks for, as in #step=9. */
function fromAddress() {
  const step = Number(addressEntries().get("step"));
  if (!(step > 0)) return 0;
  const found = stops.findIndex((stop) => stop.step >= step);
  return found < 0 ? last : found + 1;
}

/**
 * Change the address; what else it holds is left as it is.
 * @param {(entries: URLSearchParams) => void} change
 */
function changeAddress(change) {
  if (!location.protocol.startsWith("file") && !location.protocol.startsWith("http")) return;
  const entries = addressEntries();
  change(entries);
  const address = new URL(location.href);
  address.hash = String(entries);
  if (address.href === location.href) return;
  try {
    history.replaceState(null, "", address);
  } catch {
    // Safari refuses more than a hundred in half a minute: the next change writes it again.
  }
}

function toAddress() {
  changeAddress((entries) => {
    if (position === 0) entries.delete("step");
    else entries.set("step", String(stops[position - 1].step));
  });
}

/** Give the picture the room that the rest leaves, with one line for the closed table, and show the step in it. */
function makeRoom() {
  const header = /** @type {HTMLElement} */ (document.querySelector("header"));
  const isAbove = $("change").offsetTop < $("panel").offsetTop; // on a phone it stands below
  const tools = isAbove ? heightOf($("change")) - heightOf($("live")) : 0;
  document.documentElement.style.setProperty("--tools", `${tools}px`);
  const parts = [header, $("panel"), $("fixed"), ...(isAbove ? [$("change")] : [])];
  const rest = parts.reduce((sum, part) => sum + heightOf(part), 54);
  const picture = $("picture");
  picture.style.maxHeight = `max(180px, 100vh - ${rest}px)`;
  const scrolls = picture.scrollWidth > picture.clientWidth || picture.scrollHeight > picture.clientHeight;
  if (scrolls) picture.tabIndex = 0; // for the keyboard
  else picture.removeAttribute("tabindex");
  reveal();
  if (frame) fitFrame(Math.max(640, 0.95 * window.parent.innerHeight));
}

/** @param {HTMLElement} element */
function heightOf(element) {
  return element.getBoundingClientRect().height;
}

/**
 * In a notebook the frame around the page is as tall as the page and a pixel for rounding, up to a height.
 * @param {number} most
 */
function fitFrame(most) {
  const hidden = $("picture").scrollHeight - $("picture").clientHeight;
  if (frame) frame.style.height = Math.min(most, Math.ceil(heightOf(document.body)) + 1 + hidden) + "px";
}

/** On paper: the present step, or the last if none has been taken, and all steps as text. */
function beforePrint() {
  const at = position || last;
  paint(at, false);
  say(at);
  wasOpen = $("transcript").open;
  $("transcript").open = true;
  if (frame) fitFrame(Infinity);
}

/** @type {Record<string, () => void>} */
const keys = {
  ArrowLeft: () => go(position - 1),
  ArrowRight: next,
  Home: () => go(0),
  End: () => go(last),
};
document.addEventListener("keydown", (event) => {
  const plain = !(event.altKey || event.ctrlKey || event.metaKey || event.shiftKey);
  const typing = /** @type {Element} */ (event.target).closest("input:not([type=checkbox]), select");
  if (!plain || !keys[event.key] || typing) return;
  event.preventDefault();
  keys[event.key]();
});
$("first").onclick = keys.Home;
$("previous").onclick = keys.ArrowLeft;
$("next").onclick = next;
$("last").onclick = keys.End;
$("backward").onclick = () => go(backward);
$("slider").oninput = () => go(Number($("slider").value));
$("smaller").onclick = () => zoomBy(-1);
$("larger").onclick = () => zoomBy(1);
$("full").onclick = () => (document.fullscreenElement ? document.exitFullscreen() : $("stage").requestFullscreen());
document.onfullscreenchange = () => {
  $("full").textContent = document.fullscreenElement ? "Leave full screen" : "Full screen";
};
$("predict").onchange = startPredicting;
$("hint").onclick = () => giveHint();
$("question").onsubmit = check;
window.onhashchange = () => go(fromAddress());
window.onbeforeprint = beforePrint;
window.onafterprint = () => {
  $("transcript").open = wasOpen;
  show(position);
};

$("slider").max = String(last);
$("full").hidden = !document.fullscreenEnabled;
$("controls").hidden = $("view").hidden = false;
$("transcript").open = false;
document.documentElement.classList.toggle("framed", frame !== null);
go(fromAddress());

const watch = new ResizeObserver(makeRoom);
const resized = [...document.querySelectorAll("#picture svg"), $("change"), $("panel"), document.body];
for (const element of resized) watch.observe(element);
