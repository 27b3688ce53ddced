// @ts-check
/// <reference path="../drawing/step_page/numbers.js" />
// What all parts of the page use: its data, numbers drawn by chance, and elements.

/** @param {string} id @returns {any} */
const $ = (id) => document.getElementById(id);
/** @type {PageData} */
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

/** Make an element. @param {string} name @param {Object} [properties] @param {(Node | string)[]} children @returns {any} */
function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Make an element of a picture. @param {string} name @param {Record<string, string | number>} attributes */
function drawn(name, attributes, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.textContent = text;
  return made;
}

/** Where an arrow key goes: across and down. @param {KeyboardEvent} event @returns {Pair | undefined} */
const arrowOf = ({ key }) => ARROWS.get(key);
/** @type {Map<string, Pair>} */
const ARROWS = new Map([["ArrowLeft", [-1, 0]], ["ArrowRight", [1, 0]], ["ArrowUp", [0, -1]], ["ArrowDown", [0, 1]]]);

/** Fill a list of choices. @param {any} select @param {[string | number, string][]} choices @param {string | number} chosen */
function offer(select, choices, chosen) {
  select.replaceChildren(...choices.map(([value, text]) => new Option(text, String(value))));
  select.value = String(chosen);
}
