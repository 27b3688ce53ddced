// @ts-check
// The step page of an example: stored once, compressed, and opened in place with these numbers.

/** Take a page out of its compressed form. @param {string} packed */
async function unpacked(packed) {
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(stream).text();
}

/** The numbers of the page's leaves, as its address has them. */
function addressOf(page) {
  const [x, y] = exampleAt(examples, chosen.example);
  const address = new URLSearchParams();
  for (const [names, numbers] of [[page.weights ?? data.names, P], [page.inputs, x], [page.targets, y]]) {
    names.forEach((name, at) => name && address.set(name, String(numbers[at])));
  }
  return address.toString();
}

/** Open the step page of the chosen example. */
async function openSteps() {
  const [, y] = exampleAt(examples, chosen.example);
  const page = data.pages[data.pages.length > 1 ? Math.max(0, labelOf(y)) : 0];
  if (!page) return;
  pause();
  const text = await unpacked(page.packed);
  const address = JSON.stringify(`#${addressOf(page)}`).replaceAll("<", "\\u003c");
  $("frame").srcdoc = text.replace("<script", () => `<script>location.hash = ${address}<\/script>\n<script`);
  $("steps").showModal();
}

function closeSteps() {
  $("steps").close();
  $("frame").srcdoc = "";
  $("open").focus();
}
