// @ts-check
// The controls, and what keeps the page up to date.

/** What a frame takes. @type {Pairs} */
const SPEEDS = [["step", "steps"], ["epoch", "epochs"], ["full", "full"]];
const RATES = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const DECAYS = [0, 0.0001, 0.001, 0.01, 0.1, 1];
/** Choices with their texts. @typedef {[string | number, string][]} Pairs */
const SLICE = 14; // milliseconds of training in a frame
const MOST_ROWS = 200; // of the table

let playing = false;
let lastSlow = 0; // when what is slow to write was written

/** Bring everything on the page up to date. */
function refresh() {
  const { right, wrong } = rightOf(examples);
  if (onGrid) {
    computeFields();
    paintSurface(wrong);
  }
  paintBoxes();
  if (isImage) {
    paintImages();
    markPictures(wrong);
  }
  writeStatus(right);
  const now = performance.now();
  if (playing && now - lastSlow < 120) return; // nobody reads faster
  lastSlow = now;
  paintWires();
  paintCharts();
  explain();
  if ($("list").open) writeTable(wrong);
  if (document.activeElement !== $("number")) $("number").value = four(P[Number($("parameter").value)] ?? 0);
}

/** @param {number} right */
function writeStatus(right) {
  const { loss, test: testLoss } = moments[moments.length - 1];
  $("when").textContent = `Epoch ${epochs}, step ${steps}`;
  const rows = [["Train", `loss ${four(loss)}`, `${right} of ${examples.count} right`]];
  if (test) rows.push(["Test", `loss ${four(testLoss)}`, K ? `${rightOf(test).right} of ${test.count} right` : ""]);
  const written = rows.map(([name, ...texts]) => {
    const cells = texts.slice(0, K ? 2 : 1).map((textContent) => element("td", { textContent }));
    return element("tr", {}, element("th", { textContent: name, scope: "row" }), ...cells);
  });
  $("status").replaceChildren(...written);
  $("trouble").hidden = !trouble;
  const advice = "Nothing has moved. Choose a smaller rate, or Reset.";
  if (trouble && !$("trouble").textContent.includes(trouble)) $("trouble").textContent = `Paused: ${trouble}. ${advice}`;
}

// ---- Playing ----------------------------------------------------------------------------------

function frame() {
  if (!playing) return;
  const speed = $("speed").value;
  if (speed === "step") takeStep();
  else if (speed === "epoch") takeEpoch(3 * SLICE);
  else {
    const end = performance.now() + SLICE;
    do takeEpoch(SLICE);
    while (!trouble && performance.now() < end);
  }
  if (trouble) return pause();
  remember();
  refresh();
  return requestAnimationFrame(frame);
}

function play() {
  if (playing) return pause();
  playing = true;
  trouble = "";
  $("why").ariaLive = "off"; // nobody listens so fast
  $("play").textContent = "Pause";
  return requestAnimationFrame(frame);
}

function pause() {
  playing = false;
  $("play").textContent = "Play";
  $("why").ariaLive = "polite";
  remember();
  refresh();
}

/** Do something once, while nothing plays. @param {() => void} act */
function once(act) {
  if (playing) pause();
  trouble = "";
  act();
  remember();
  refresh();
}

// ---- Choosing ---------------------------------------------------------------------------------

/** Look at another example, neuron or weight. @param {Partial<typeof chosen>} what */
function choose(what) {
  const other = what.example !== undefined && what.example !== chosen.example;
  Object.assign(chosen, what);
  if (other || what.example !== undefined) takeExample();
  $("example").value = String(chosen.example);
  $("neuron").value = `${chosen.column} ${chosen.neuron}`;
  $("weight").value = chosen.term === null ? "none" : String(chosen.term);
  markChosen();
  lastSlow = 0;
  refresh();
  $("weight").value = chosen.term === null ? "none" : String(chosen.term);
}

/** The rates, the decays and the batch sizes, each list with the number that is set. @param {number[]} numbers @param {number} own @returns {Pairs} */
const withOwn = (numbers, own) => [...new Set([...numbers, own])].sort((a, b) => a - b).map((number) => [number, String(number)]);

/** @param {number} index */
function chooseRule(index) {
  const rule = data.rules[index];
  takeRule(index);
  offer($("rate"), withOwn(RATES, rule.rate), rule.rate);
  offer($("decay"), rule.decays ? withOwn(DECAYS, rule.decay) : [[0, "none"]], rule.decay);
  $("decay").disabled = !rule.decays;
}

function offerBatches() {
  const sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256, data.batch].filter((size) => size < examples.count);
  const choices = withOwn(sizes, examples.count);
  choices[choices.length - 1][1] = `all ${examples.count}`;
  offer($("batch"), choices, Math.min(settings.batch, examples.count));
}

function offerPointer() {
  /** @type {Pairs} */
  const draws = data.labels.map((label, k) => [`draw${k}`, `draws ${labelText(label)}`]);
  if (!K) draws.push(["draw0", "draws"]);
  offer($("pointer"), [["choose", "chooses"], ...draws, ["delete", "deletes"]], "choose");
  $("valued").hidden = K > 0 || flat;
}

/** @param {Set<number>} wrong */
function writeTable(wrong) {
  const head = element("tr", {}, ...["Example", "Input", "Target", "Output", "Loss", ...(K ? ["Right"] : []), ""].map((text) => element("th", { textContent: text, scope: "col" })));
  const rows = Array.from(examples.rows.subarray(0, MOST_ROWS), (k) => {
    const [x, y] = exampleAt(examples, k);
    const loss = judged.forward(x, y)[0];
    const texts = [String(k), x.length > 8 ? `${x.length} numbers` : [...x].map(four).join(", "), labelText(y), [...shown.forward(x)].map(four).join(", "), four(loss), ...(K ? [wrong.has(k) ? "no" : "yes"] : [])];
    const button = element("button", { type: "button", textContent: "Choose", onclick: () => choose({ example: k }) });
    button.setAttribute("aria-label", `Choose ${k}`);
    const row = element("tr", {}, ...texts.map((textContent) => element("td", { textContent })), element("td", {}, button));
    row.toggleAttribute("aria-current", k === chosen.example);
    return row;
  });
  const table = element("table", {}, element("tbody", {}, head, ...rows));
  const rest = examples.count - rows.length;
  $("table").replaceChildren(table, rest > 0 ? `${rest} more are left out here.` : "");
}

// ---- The page begins --------------------------------------------------------------------------

function offerAll() {
  offer($("speed"), SPEEDS, "epoch");
  offer($("rule"), data.rules.map((rule, k) => [k, rule.name]), 0);
  offer($("neuron"), columns.flatMap((_, c) => Array.from({ length: shownIn(c) }, (_, i) => [`${c} ${i}`, isPicture(c) ? "image" : nameOf(c, i)])), `${chosen.column} ${chosen.neuron}`);
  offer($("parameter"), data.names.map((name, at) => [at, name]), 0);
  offerBatches();
  offerPointer();
  $("open").hidden = data.pages.length === 0;
  $("closed").hidden = data.pages.length > 0;
  $("seen").hidden = !onGrid;
  $("images").hidden = !isImage;
}

function connectTraining() {
  $("play").onclick = play;
  $("step").onclick = () => once(takeStep);
  $("epoch").onclick = () => once(takeEpoch);
  $("reset").onclick = () => once(restart);
  $("rate").onchange = () => (settings.rate = Number($("rate").value));
  $("decay").onchange = () => (settings.decay = Number($("decay").value));
  $("rule").onchange = () => chooseRule(Number($("rule").value));
  $("batch").onchange = () => {
    settings.batch = Number($("batch").value);
    place = 0;
  };
  $("edges").onchange = paintWires;
  $("scheme").onchange = $("seed").onchange = () => startFrom($("scheme").value, Number($("seed").value));
}

function connectRest() {
  $("neuron").onchange = () => {
    const [column, neuron] = $("neuron").value.split(" ").map(Number);
    choose({ column, neuron, term: null });
  };
  $("weight").onchange = () => choose({ term: $("weight").value === "none" ? null : Number($("weight").value) });
  $("example").onchange = () => choose({ example: Math.max(0, Math.min(examples.count - 1, Math.round(Number($("example").value)) || 0)) });
  $("parameter").onchange = refresh;
  $("number").onchange = () => setWeight(Number($("parameter").value), $("number").value);
  $("copyWeights").onclick = () => take("Weights", weightsText());
  $("copyCode").onclick = () => take("Code", codeText());
  $("open").onclick = openSteps;
  $("back").onclick = closeSteps;
  $("list").ontoggle = refresh;
  $("network").onkeydown = moveAmongBoxes;
  for (const type of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
    $("surface").addEventListener(type, pointerOn);
    if (type !== "pointercancel") $("cell").addEventListener(type, drawInCell);
  }
  $("surface").onkeydown = keyOn;
  $("surface").onblur = $("surface").onfocus = refresh;
  $("cell").onkeydown = keyInCell;
  $("cell").onblur = $("cell").onfocus = paintImages;
  $("clear").onclick = () => {
    cell.fill(0);
    paintImages();
  };
}

offerAll();
chooseRule(0);
if (onGrid) {
  findBounds();
  writeLegend();
}
if (isImage) buildImages();
connectTraining();
connectRest();
$("more").open = false;
restart();
let lastWidth = 0;
new ResizeObserver(() => {
  const width = $("network").clientWidth;
  if (width === lastWidth) return;
  lastWidth = width;
  lastSlow = 0;
  buildNetwork();
  refresh();
}).observe($("network"));
buildNetwork();
computeExample();
const { reads } = columns[columns.length - 1];
const inputSizes = productsOf(columns.length - 1, 0).map(({ from }) => Math.abs(numberOf(reads, from)));
choose({ term: inputSizes.length ? inputSizes.indexOf(Math.max(...inputSizes)) : null });
