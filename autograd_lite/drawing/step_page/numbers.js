// @ts-check
"use strict";
// Numbers as people type them, and as Python writes them.

/**
 * Read a number as people type it: 0.5, -4, 1e-3, also 0,5 and −4; inf and nan.
 * @param {string} text
 */
function read(text) {
  const typed = text.trim().toLowerCase().replace("−", "-").replace(",", ".");
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(typed)) return Number(typed);
  const word = /^([+-]?)(inf|infinity|∞|nan)$/.exec(typed);
  if (!word) return null;
  if (word[2] === "nan") return NaN;
  return word[1] === "-" ? -Infinity : Infinity;
}

/**
 * Write a number as Python's format(number, ".4g") does: of two that are as near, the one with an even digit.
 * @param {number} number
 */
function four(number) {
  if (!Number.isFinite(number)) return Number.isNaN(number) ? "nan" : number > 0 ? "inf" : "-inf";
  if (number === 0) return Object.is(number, -0) ? "-0" : "0";
  const sign = number < 0 ? "-" : "";
  const { digits, power } = fourDigits(Math.abs(number));
  const trim = (/** @type {string} */ text) => text.replace(/\.?0*$/, "");
  if (power < -4 || power >= 4) {
    const size = String(Math.abs(power)).padStart(2, "0");
    return `${sign}${trim(digits[0] + "." + digits.slice(1))}e${power < 0 ? "-" : "+"}${size}`;
  }
  if (power < 0) return sign + trim("0." + "0".repeat(-power - 1) + digits);
  return sign + trim(digits.slice(0, power + 1) + "." + digits.slice(power + 1));
}

/**
 * The first four digits of a positive number, and the power of ten of the first.
 * @param {number} number
 */
function fourDigits(number) {
  const figures = (/** @type {number} */ count) => number.toExponential(count - 1).replace(".", "").split("e");
  const [exact, power] = figures(61);
  const isTie = /^50*$/.test(exact.slice(4)) && "02468".includes(exact[3]);
  const [digits, rounded] = isTie ? [exact.slice(0, 4), power] : figures(4);
  return { digits, power: Number(rounded) };
}

/**
 * Write a number with all its digits.
 * @param {number} number
 */
function whole(number) {
  return Object.is(number, -0) ? "-0" : String(number).replace("Infinity", "inf").replace("NaN", "nan");
}

/**
 * A number without the noise of binary fractions: 0.1 + 0.2 is 0.3.
 * @param {number} number
 */
const clean = (number) => Number(number.toPrecision(12));
