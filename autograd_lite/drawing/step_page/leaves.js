// The leaves, which the reader changes: by dragging their boxes, with keys, by typing, with the panel, in the address.

let chosen = 0; // the leaf in the panel

/** The step of the arrow keys: 0.1 for a number such as -2, 1 for 15. */
const unitOf = (leaf) => 10 ** (Math.floor(Math.log10(Math.max(Math.abs(finite(recorded[leaf])), 1))) - 1);
const finite = (number) => (Number.isFinite(number) ? number : 0);

function set(leaf, number) {
  update(numbers.map((old, at) => (at === leaf ? number : old)));
  rememberNumbers();
}

/** Put a leaf into the panel. */
function choose(leaf) {
  chosen = leaf;
  const reach = 50 * unitOf(leaf);
  Object.assign($("drag"), { min: -reach, max: reach, step: reach / 100 });
  $("leaf").value = leaf;
  for (const box of document.querySelectorAll("#picture .chosen")) box.classList.remove("chosen");
  $(live.places[leaf])?.classList.add("chosen");
  showPanel();
}

const isChanged = () => numbers.some((number, leaf) => !Object.is(number, recorded[leaf]));

/** Bring the panel up to date. What is half typed stays as it is. */
function showPanel() {
  const field = $("number");
  if (document.activeElement !== field) field.value = whole(numbers[chosen]);
  $("drag").value = finite(numbers[chosen]);
  const hidden = $("predict").checked && position < last;
  setText($("slope"), `∂${live.names[live.output]}/∂${live.names[chosen]} = ${hidden ? "?" : four(now.gradients[chosen])}`);
  $("reset").disabled = $("fixed").hidden = !isChanged();
  $("fixed").hidden = !isChanged();
  live.leaves.forEach((_, leaf) => describe(leaf));
}

/** Tell what a box holds to those who cannot see it. */
function describe(leaf) {
  const box = $(live.places[leaf]);
  if (!box) return;
  if (Number.isFinite(numbers[leaf])) box.setAttribute("aria-valuenow", numbers[leaf]);
  else box.removeAttribute("aria-valuenow");
  box.setAttribute("aria-valuetext", whole(numbers[leaf]));
}

/** Change a number with the arrow keys: Shift for ten times as much, Alt for a tenth. */
function steer(event, leaf) {
  const up = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (!up || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const units = event.shiftKey ? 10 : event.altKey ? 0.1 : 1;
  set(leaf, clean(finite(numbers[leaf]) + up * units * unitOf(leaf)));
  if (event.target === $("number")) $("number").value = whole(numbers[leaf]);
}

/** What is typed on a box goes into the panel's field. */
function typeInto(event) {
  if (!/^[-−\d.,]$/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  $("number").focus();
  $("number").select();
}

/** Drag a box sideways: to the right its number grows, by a unit for every few pixels. */
function grab(event, box, leaf) {
  if (event.button !== 0) return;
  event.preventDefault(); // no text is selected
  box.setPointerCapture(event.pointerId);
  box.focus({ preventScroll: true });
  choose(leaf);
  const begin = finite(numbers[leaf]), from = event.clientX;
  let units = 0;
  box.onpointermove = (drag) => {
    const moved = Math.round((drag.clientX - from) / 5);
    if (moved === units) return;
    units = moved;
    set(leaf, clean(begin + units * unitOf(leaf)));
  };
  box.onpointerup = box.onpointercancel = () => (box.onpointermove = null);
}

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
const keyOf = (leaf) => live.names[leaf] + (OTHERS.includes(live.names[leaf]) ? "_" : "");
let waiting = 0;

/** Numbers that an address asks for, as in #x=1&y=2; the others are as recorded. */
function numbersFromAddress() {
  const entries = addressEntries();
  return recorded.map((number, leaf) => read(entries.get(keyOf(leaf)) ?? "") ?? number);
}

/** Keep the address current; browsers refuse to write it for every pixel of a drag. */
function rememberNumbers() {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    changeAddress((entries) => {
      numbers.forEach((number, leaf) => {
        if (Object.is(number, recorded[leaf])) entries.delete(keyOf(leaf));
        else entries.set(keyOf(leaf), whole(number));
      });
    });
  }, 120);
}

// ---- The panel --------------------------------------------------------------------------------

function fillPanel() {
  live.leaves.forEach((_, leaf) => {
    $("leaf").append(new Option(live.names[leaf], leaf));
    const box = $(live.places[leaf]);
    if (box) makeSpinbutton(box, leaf);
  });
  document.querySelector("#picture svg").setAttribute("role", "group"); // what is in it can be reached
  $("leaf").onchange = () => choose(Number($("leaf").value));
  $("number").oninput = () => {
    const typed = read($("number").value);
    if (typed !== null) set(chosen, typed);
  };
  $("number").onkeydown = (event) => steer(event, chosen);
  $("number").onblur = showPanel;
  $("drag").oninput = () => set(chosen, Number($("drag").value));
  $("reset").onclick = () => {
    update([...recorded]);
    rememberNumbers();
    $("leaf").focus();
  };
  window.addEventListener("hashchange", () => update(numbersFromAddress()));
  changed.push(showPanel);
  moved.push(showPanel);
  $("live").hidden = false;
}

fillPanel();
update(numbersFromAddress());
choose(0);
