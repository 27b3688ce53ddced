// @ts-check
// The step page of an example: stored once, compressed, and opened in place with these numbers.

/** Take a page out of its compressed form. @param {string} packed */
async function unpacked(packed) {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).text();
}

/** The numbers of the page's leaves, as its address has them. @param {StepPage} page */
function addressOf(page) {
  const [x, y] = exampleAt(examples, chosen.example);
  const address = new URLSearchParams();
  /** @param {(string | null)[]} names @param {Float64Array} numbers */
  const add = (names, numbers) => names.forEach((name, at) => name && address.set(name, String(numbers[at])));
  add(page.weights ?? data.names, P);
  add(page.inputs, x);
  add(page.targets, y);
  return address.toString();
}

/** Open the step page of the chosen example. */
async function openSteps() {
  const [, y] = exampleAt(examples, chosen.example);
  const page = data.pages[data.pages.length > 1 ? Math.max(0, labelOf(y)) : 0];
  if (!page) return;
  pause();
  const text = await unpacked(page.packed);
  const [begin, end] = ["<script", "<" + "/script>"]; // which may not stand in a script itself
  const address = JSON.stringify(`#${addressOf(page)}`); // in which there is no "<"
  $("frame").srcdoc = text.replace(begin, () => `${begin}>location.hash = ${address}${end}\n${begin}`);
  $("steps").showModal();
}

function closeSteps() {
  $("steps").close();
  $("frame").srcdoc = "";
  $("open").focus();
}
