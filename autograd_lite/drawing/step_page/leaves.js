// @ts-check
// The leaves, which the reader changes: by dragging their boxes, with keys, by typing, in the panel, in the address.

/**
 * @typedef {Record<"number" | "drag" | "by" | "rate", HTMLInputElement> & Record<"leaf", HTMLSelectElement>
 *   & Record<"reset" | "nudging" | "learning" | "run", HTMLButtonElement>} LiveElements
 */
/** @type {<Id extends keyof LiveElements>(id: Id) => LiveElements[Id]} */
const control = (id) => /** @type {any} */ ($(id));

let chosen = 0; // the leaf in the panel
let base = recorded; // the numbers that an address leaves out: as recorded, or those of an exercise

/** @param {number} number */
const finite = (number) => (Number.isFinite(number) ? number : 0);

/**
 * The step of the arrow keys: 0.1 for a number such as -2, 1 for 15.
 * @param {number} leaf
 */
const unitOf = (leaf) => 10 ** (Math.floor(Math.log10(Math.max(Math.abs(finite(base[leaf])), 1))) - 1);

/**
 * @param {number} leaf
 * @param {number} number
 */
function set(leaf, number) {
  update(numbers.map((old, at) => (at === leaf ? number : old)));
  rememberNumbers();
}

/**
 * Put a leaf into the panel.
 * @param {number} leaf
 */
function choose(leaf) {
  chosen = leaf;
  let reach = 5;
  while (reach < 1.2 * Math.abs(finite(base[leaf]))) reach *= 2;
  Object.assign(control("drag"), { min: -reach, max: reach, step: reach / 100 });
  control("leaf").value = String(leaf);
  for (const box of document.querySelectorAll("#picture .chosen")) box.classList.remove("chosen");
  boxOf(leaf)?.classList.add("chosen");
  for (const listener of changed) listener();
}

/**
 * The box of a leaf, if the picture has one.
 * @param {number} leaf
 */
const boxOf = (leaf) => document.getElementById(live.places[leaf]);

/**
 * A derivative of the output, by its name.
 * @param {number} leaf
 */
const derivativeBy = (leaf) => `∂${live.names[live.output]}/∂${live.names[leaf]}`;

/** Whether the gradients are still what the reader predicts. */
const isSecret = () => $("predict").checked && (position < last || questionAt(last) !== undefined);

const SECRET = "The gradient is what you predict: it is shown after the last step.";

/** Bring the panel up to date. What is half typed stays as it is, and who predicts is told nothing. */
function showPanel() {
  const field = control("number");
  if (document.activeElement !== field) field.value = whole(Number(numbers[chosen].toPrecision(6)));
  control("drag").value = String(finite(numbers[chosen]));
  setText($("slope"), `${derivativeBy(chosen)} = ${isSecret() ? "?" : four(now.gradients[chosen])}`);
  const isChanged = numbers.some((number, leaf) => !Object.is(number, recorded[leaf]));
  control("reset").disabled = $("fixed").hidden = !isChanged;
  describeAll();
}

/** Tell what the boxes hold to those who cannot see it. */
function describeAll() {
  numbers.forEach((number, leaf) => {
    const box = boxOf(leaf);
    box?.setAttribute("aria-valuetext", whole(number));
    if (Number.isFinite(number)) box?.setAttribute("aria-valuenow", String(number));
    else box?.removeAttribute("aria-valuenow");
  });
}

/**
 * Change a number with the arrow keys: Shift for ten times as much, Alt for a tenth.
 * @param {KeyboardEvent} event
 * @param {number} leaf
 */
function steer(event, leaf) {
  const up = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
  if (up === 0 || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const units = event.shiftKey ? 10 : event.altKey ? 0.1 : 1;
  set(leaf, clean(finite(numbers[leaf]) + up * units * unitOf(leaf)));
  if (event.target === control("number")) control("number").value = whole(numbers[leaf]);
}

/**
 * What is typed on a box goes into the panel's field.
 * @param {KeyboardEvent} event
 */
function typeInto(event) {
  if (!/^[-−\d.,]$/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  control("number").focus(); // the key itself goes there, too
  control("number").select();
}

/**
 * Drag a box sideways: to the right its number grows, by a unit for every few pixels.
 * @param {PointerEvent} event
 * @param {HTMLElement} box
 * @param {number} leaf
 */
function grab(event, box, leaf) {
  if (event.button !== 0) return;
  event.preventDefault(); // no text is selected
  box.setPointerCapture(event.pointerId);
  box.focus({ preventScroll: true });
  choose(leaf);
  const begin = finite(numbers[leaf]), from = event.clientX;
  let units = 0;
  box.onpointermove = (drag) => {
    const far = Math.round((drag.clientX - from) / 5);
    if (far === units) return;
    units = far;
    set(leaf, clean(begin + units * unitOf(leaf)));
  };
  box.onpointerup = box.onpointercancel = () => (box.onpointermove = null);
}

/**
 * @param {HTMLElement} box
 * @param {number} leaf
 */
function makeSpinbutton(box, leaf) {
  const attributes = { tabindex: "0", role: "spinbutton", "aria-label": live.names[leaf] };
  for (const [name, value] of Object.entries(attributes)) box.setAttribute(name, value);
  box.classList.add("leaf");
  box.addEventListener("focus", () => choose(leaf));
  box.addEventListener("keydown", (event) => {
    steer(event, leaf);
    typeInto(event);
  });
  box.addEventListener("pointerdown", (event) => grab(event, box, leaf));
}

// ---- The address ------------------------------------------------------------------------------

const OTHERS = ["step", "exercise"]; // what an address holds beside numbers
let waiting = 0;

/** What the leaves are called in an address, each otherwise: as people type it, without marks of direction. */
function addressNames() {
  const taken = new Set(OTHERS);
  return live.leaves.map((_, leaf) => {
    let name = live.names[leaf].replace(/[\u2067\u2069]/g, "");
    while (taken.has(name)) name += "_";
    taken.add(name);
    return name;
  });
}
const called = addressNames();

/** Numbers that an address asks for, as in #x=1&y=2; an address reads the + of 1e+3 as a blank. */
function numbersFromAddress() {
  const entries = addressEntries();
  return base.map((number, leaf) => read((entries.get(called[leaf]) ?? "").replace(" ", "+")) ?? number);
}

/** Keep the address current; browsers refuse to write it for every pixel of a drag. */
function rememberNumbers() {
  clearTimeout(waiting);
  waiting = setTimeout(() => changeAddress(writeNumbers), 120);
}

/** @param {URLSearchParams} entries */
function writeNumbers(entries) {
  numbers.forEach((number, leaf) => {
    if (Object.is(number, base[leaf])) entries.delete(called[leaf]);
    else entries.set(called[leaf], whole(number));
  });
}

// ---- The panel --------------------------------------------------------------------------------

/** Go back to the numbers that Python recorded. */
function reset() {
  base = recorded;
  update([...recorded]);
  changeAddress((entries) => {
    entries.delete("exercise");
    writeNumbers(entries);
  });
  control("leaf").focus();
}

live.leaves.forEach((_, leaf) => {
  control("leaf").append(new Option(live.names[leaf], String(leaf)));
  const box = boxOf(leaf);
  if (box) makeSpinbutton(box, leaf);
});
document.querySelector("#picture svg")?.setAttribute("role", "group"); // what is in it can be reached
control("leaf").onchange = () => choose(Number(control("leaf").value));
control("number").oninput = () => {
  const typed = read(control("number").value);
  if (typed !== null) set(chosen, typed);
};
control("number").onkeydown = (event) => steer(event, chosen);
control("number").onfocus = () => (control("number").value = whole(numbers[chosen]));
control("number").onblur = showPanel;
control("drag").oninput = () => set(chosen, Number(control("drag").value));
control("reset").onclick = reset;
changed.push(showPanel);
moved.push(showPanel);
