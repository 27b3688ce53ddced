// @ts-check
/**
 * Scales gradients down so that together they are no longer than a bound, and returns their length before.
 * @param {Float64Array} gradient
 * @param {number} most
 */
const clipGradNorm = (gradient, most) => {
  const largest = gradient.reduce((found, number) => Math.max(found, Math.abs(number)), 0);
  const squares = gradient.reduce((sum, number) => sum + (number / largest) ** 2, 0);
  const norm = largest === 0 || largest === Infinity ? largest : largest * Math.sqrt(squares);
  if (most < norm && norm < Infinity) {
    for (let place = 0; place < gradient.length; place++) gradient[place] *= most / norm;
  }
  return norm;
};
