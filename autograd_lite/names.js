// @ts-check
// NumPy's functions of one number, by their own names: what the declarations in ops.py are written in.
const { abs, exp, expm1, log, log1p, log2, log10, sqrt, cbrt, sin, cos, tan, sinh, cosh, tanh, hypot } = Math;
const { asin: arcsin, acos: arccos, atan: arctan, atan2: arctan2 } = Math;
const { asinh: arcsinh, acosh: arccosh, atanh: arctanh, floor, ceil, trunc, sign } = Math;
const { isFinite: isfinite, isNaN: isnan } = Number;
/** @typedef {(a: number, b: number) => number} Binary */
/** @type {Binary} */
const maximum = (a, b) => (b > a || b !== b ? b : a);
/** @type {Binary} */
const minimum = (a, b) => (b < a || b !== b ? b : a);
/** @type {Binary} */
const heaviside = (a, atZero) => (a > 0 ? 1 : a < 0 ? 0 : a === 0 ? atZero : a);
/** @type {Binary} */
const logaddexp = (a, b) => (a === b ? a + Math.LN2 : maximum(a, b) + log1p(exp(-abs(a - b))));
// As C and Python have it, and JavaScript has not: 1 ** nan and (-1) ** inf are 1.
/** @type {Binary} */
const pow = (a, b) => (a === 1 || (a === -1 && abs(b) === Infinity) ? 1 : a ** b);
/** @param {number} a */
const exp2 = (a) => 2 ** a;
// As Python has them: the remainder has the sign of the divisor, the quotient is rounded down.
/** @type {Binary} */
const mod = (a, b) => {
  const rest = a % b;
  return rest === 0 ? (b < 0 || Object.is(b, -0) ? -0 : 0) : rest < 0 !== b < 0 ? rest + b : rest;
};
/** @type {Binary} */
const floordiv = (a, b) => {
  if (b === 0) return a / b;
  const rest = a % b;
  const quotient = (a - rest) / b - (rest !== 0 && rest < 0 !== b < 0 ? 1 : 0);
  const down = floor(quotient);
  return quotient === 0 ? (a / b < 0 || Object.is(a / b, -0) ? -0 : 0) : quotient - down > 0.5 ? down + 1 : down;
};
