// @ts-check
// What all parts of the page use: its data, how numbers are written, and numbers drawn by chance.

/** @param {string} id @returns {any} */
const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);

/** Make a generator of numbers from 0 to 1 (mulberry32): the same for the same seed. @param {number} seed */
function seeded(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Make an element. @param {string} name @param {Object} properties @param {any[]} children @returns {any} */
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Make an element of a picture. @param {string} name @param {Object<string, any>} attributes */
function drawn(name, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.textContent = text;
  return made;
}

/** Fill a list of choices. @param {any} select @param {[any, string][]} choices @param {any} chosen */
function offer(select, choices, chosen) {
  select.replaceChildren(...choices.map(([value, text]) => new Option(text, String(value))));
  select.value = String(chosen);
}
