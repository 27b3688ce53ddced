"use strict";
// The page is complete without this script: it holds the picture with the last numbers, and every
// step as text. The script moves the highlight and the numbers, and takes all words from the table.
{
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  const stops = data.stops; // stop 0 stands before the first step
  const last = stops.length;
  const answered = new Set();
  let position = 0;

  const rowOf = (stop) => $("step-" + stop.step);
  const wordsOf = (stop) => rowOf(stop).lastElementChild.textContent;
  const asks = (at) => $("predict").checked && at > 0 && stops[at - 1].shown !== undefined && !answered.has(at);

  /** Show the picture as it is after a stop; the numbers of a question stay hidden. */
  function paint(at, hidden) {
    const texts = new Map(data.start);
    const seen = new Set();
    for (const stop of stops.slice(0, at)) {
      const asked = hidden && stop === stops[at - 1];
      for (const [id, text, unknown] of stop.texts) texts.set(id, asked ? unknown : text);
      for (const edge of stop.edges) seen.add(edge);
    }
    for (const [id, text] of texts) {
      const element = $(id);
      if (element && element.textContent !== text) element.textContent = text;
    }
    for (const edge of data.edges) $(edge)?.classList.toggle("later", !seen.has(edge));
    for (const element of document.querySelectorAll("#picture .on, #picture .from")) {
      element.classList.remove("on", "from");
    }
    if (at === 0) return;
    const stop = stops[at - 1];
    $("picture").classList.toggle("backward", stop.backward);
    for (const id of stop.from) $(id)?.classList.add("from");
    for (const id of [...stop.edges, ...stop.on]) $(id)?.classList.add("on");
    reveal($(stop.on[0]));
  }

  /** Scroll a wide picture sideways, and a tall one above the panel, to where the step is. */
  function reveal(element) {
    if (!element) return;
    const frame = $("picture");
    const box = element.getBoundingClientRect();
    if (frame.scrollWidth > frame.clientWidth) {
      const room = frame.getBoundingClientRect();
      frame.scrollLeft += box.left + box.width / 2 - (room.left + room.width / 2);
    }
    const panel = $("panel").getBoundingClientRect();
    const inSight = panel.top >= 0 && panel.bottom <= window.innerHeight + 1;
    if (inSight && (box.top < 0 || box.bottom > panel.top)) {
      window.scrollBy(0, box.top + box.height / 2 - (window.innerHeight - panel.height) / 2);
    }
  }

  /** Write the sentence of a stop, without its number while that is asked for. */
  function say(at, hidden) {
    const stop = stops[at - 1];
    $("place").textContent = at === 0 ? "Before the first step" : stop.place;
    $("inside").textContent = at === 0 ? "" : stop.inside;
    $("why").textContent = at === 0 ? data.help : stop.why;
    if (at === 0) $("sentence").textContent = data.begin;
    else if (hidden) $("sentence").textContent = rowOf(stop).lastElementChild.firstChild.textContent + "?";
    else $("sentence").textContent = wordsOf(stop);
    for (const row of document.querySelectorAll("tr[aria-current]")) row.removeAttribute("aria-current");
    if (at > 0 && !hidden) rowOf(stop).setAttribute("aria-current", "step");
  }

  /** Go to a stop, and bring everything on the page up to date. */
  function go(to) {
    position = Math.max(0, Math.min(last, to));
    const hidden = asks(position);
    paint(position, hidden);
    say(position, hidden);
    const focused = document.activeElement;
    $("verdict").textContent = "";
    $("question").hidden = !hidden;
    $("guess").value = "";
    $("slider").value = position;
    $("slider").setAttribute("aria-valuetext", $("place").textContent);
    $("first").disabled = $("previous").disabled = position === 0;
    $("next").disabled = $("last").disabled = position === last;
    if (hidden && focused !== $("slider")) $("guess").focus();
    else if (focused.disabled) (position === 0 ? $("next") : $("previous")).focus();
  }

  function next() {
    if (!asks(position)) go(position + 1);
    else {
      $("verdict").textContent = "Type your prediction first, or switch Predict off.";
      $("guess").focus();
    }
  }

  /** Read a number as people type it: 0.5, -4, 1e-3, also 0,5 and −4; inf and nan. */
  function read(text) {
    const typed = text.trim().toLowerCase().replace("−", "-").replace(",", ".");
    if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(typed)) return Number(typed);
    const word = /^([+-]?)(inf|infinity|∞|nan)$/.exec(typed);
    if (!word) return null;
    if (word[2] === "nan") return NaN;
    return word[1] === "-" ? -Infinity : Infinity;
  }

  /** Compare to four significant digits, as many as the picture shows. */
  function agree(guess, number) {
    if (Object.is(guess, number) || guess === number) return true;
    if (!Number.isFinite(number) || !Number.isFinite(guess) || number === 0) return false;
    const unit = 10 ** (Math.floor(Math.log10(Math.abs(number))) - 3);
    return Math.abs(guess - number) <= unit * 0.5000001;
  }

  function check(event) {
    event.preventDefault();
    const stop = stops[position - 1];
    const guess = read($("guess").value);
    if (guess === null) {
      $("verdict").textContent = "Type a number, such as -4 or 0.25.";
      return;
    }
    const typed = $("guess").value.trim();
    const right = agree(guess, read(stop.number));
    answered.add(position);
    go(position);
    $("verdict").textContent = right ? `✓ Right: ${stop.shown}` : `✗ Wrong: you said ${typed}, it is ${stop.shown}`;
    (position === last ? $("previous") : $("next")).focus();
  }

  const keys = {
    ArrowLeft: () => go(position - 1),
    ArrowRight: next,
    Home: () => go(0),
    End: () => go(last),
  };
  document.addEventListener("keydown", (event) => {
    const plain = !(event.altKey || event.ctrlKey || event.metaKey || event.shiftKey);
    if (!plain || !keys[event.key] || event.target === $("guess") || event.target === $("slider")) return;
    event.preventDefault();
    keys[event.key]();
  });
  $("first").onclick = keys.Home;
  $("previous").onclick = keys.ArrowLeft;
  $("next").onclick = next;
  $("last").onclick = keys.End;
  $("slider").oninput = () => go(Number($("slider").value));
  $("predict").onchange = () => {
    answered.clear();
    for (let at = 1; at <= position; at++) answered.add(at); // what has been seen is not asked
    go(position);
  };
  $("question").onsubmit = check;

  $("slider").max = last;
  $("controls").hidden = false;
  $("transcript").open = false;
  if ($("picture").scrollWidth > $("picture").clientWidth) $("picture").tabIndex = 0;
  go(0);

  // In a notebook the frame around the page grows and shrinks with it.
  if (location.href === "about:srcdoc" && window.frameElement) {
    new ResizeObserver(() => {
      window.frameElement.style.height = document.documentElement.offsetHeight + "px";
    }).observe(document.body);
  }
}
