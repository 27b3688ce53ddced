// @ts-check
// Runs a program on arrays: on one row, or on many, whose gradients it adds up.

/**
 * @typedef {object} Program What a script of a program says of it.
 * @property {Float64Array[]} inputs for each argument its numbers in one row
 * @property {Float64Array} outputs
 * @property {Record<string, Float64Array>} values each array, as the last row has it
 * @property {Record<string, Float64Array>} adjoints the derivative of the output by each
 * @property {Float64Array} gradient what backward adds to
 * @property {() => void} draw draws the random numbers of a row anew
 * @property {() => boolean} forward tells whether all comparisons came out as they were traced
 * @property {(share: number) => void} backward
 */

/**
 * Reads a row of a batch: of each argument, whose rows stand one behind the other.
 * @param {Float64Array[]} inputs
 * @param {ArrayLike<number>[]} columns
 * @param {number} row
 */
const readRow = (inputs, columns, row) => {
  for (let argument = 0; argument < inputs.length; argument++) {
    const input = inputs[argument];
    const column = columns[argument];
    const width = input.length;
    for (let place = 0; place < width; place++) input[place] = column[row * width + place];
  }
};

/** @param {Program} program */
const arrayProgram = ({ inputs, outputs, values, adjoints, gradient, draw, forward, backward }) => {
  let redraws = true;
  let held = true;

  const run = () => {
    if (redraws) draw();
    return forward();
  };

  /** @param {ArrayLike<number>[]} columns @param {ArrayLike<number>} rows @param {boolean} back */
  const pass = (columns, rows, back) => {
    let total = 0;
    held = true;
    for (let at = 0; at < rows.length; at++) {
      readRow(inputs, columns, rows[at]);
      if (!run()) held = false;
      total += outputs[0];
      if (back) backward(1 / rows.length);
    }
    return total / rows.length;
  };

  return {
    values,
    adjoints,
    outputs,
    get held() {
      return held;
    },
    /** Computes one row. @param {(number | ArrayLike<number>)[]} row */
    forward(...row) {
      row.forEach((argument, place) => inputs[place].set(typeof argument === "number" ? [argument] : argument));
      held = run();
      return outputs;
    },
    /** Adds a share of the gradient of that row. */
    backward(share = 1) {
      backward(share);
    },
    /** Computes the mean over some rows. @param {ArrayLike<number>[]} columns @param {ArrayLike<number>} rows */
    mean: (columns, rows) => pass(columns, rows, false),
    /** Computes it with its gradient. @param {ArrayLike<number>[]} columns @param {ArrayLike<number>} rows */
    meanAndGradient(columns, rows) {
      gradient.fill(0);
      return pass(columns, rows, true);
    },
    /** Computes all outputs. @param {ArrayLike<number>[]} columns @param {ArrayLike<number>} rows @param {Float64Array} into */
    map(columns, rows, into) {
      held = true;
      for (let at = 0; at < rows.length; at++) {
        readRow(inputs, columns, rows[at]);
        if (!run()) held = false;
        into.set(outputs, at * outputs.length);
      }
      return into;
    },
    /** Says whether each pass draws random numbers anew. @param {boolean} anew */
    resample(anew) {
      redraws = anew;
    },
  };
};
