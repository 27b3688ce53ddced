// @ts-check
// Colours and shapes, those of the package's plots: orange is positive, blue negative; labels differ in shape too.

const PALETTE = data.colours.map((colour) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)));
const SHAPES = "●■▲◆▼✚✖⬟◀▶";

/** @param {number} k */
const inkOf = (k) => `rgb(${PALETTE[k % PALETTE.length].join(",")})`;

/** The colours from blue through white to orange, as an image has them. */
const RAMP = new Uint32Array(511);
const rampBytes = new Uint8ClampedArray(RAMP.buffer);
for (let at = 0; at < RAMP.length; at++) {
  const end = PALETTE[at > 255 ? 1 : 0];
  const strength = (0.85 * Math.abs(at - 255)) / 255;
  rampBytes.set([...end.map((ink) => 255 + (ink - 255) * strength), 255], 4 * at);
}

/** The place of a number from -1 to 1 in the ramp; what is no number is white. @param {number} t */
const rampAt = (t) => (t >= 1 ? 510 : t <= -1 ? 0 : t === t ? Math.round(255 + 255 * t) : 255);

/** The colour of a number from -1 to 1. @param {number} t */
const tint = (t) => `rgb(${rampBytes.subarray(4 * rampAt(t), 4 * rampAt(t) + 3).join(",")})`;

/** Colour an image by numbers, from -1 to 1 once they are shifted and scaled. @param {ImageData} image @param {Numbers} numbers @param {number} scale @param {number} shift */
function tintAll(image, numbers, scale, shift = 0) {
  const pixels = new Uint32Array(image.data.buffer);
  for (let at = 0; at < numbers.length; at++) pixels[at] = RAMP[rampAt(numbers[at] * scale + shift)];
  return image;
}

/** Put the mixed colours of labels into an image, by their shares. @param {Numbers} parts @param {Uint8ClampedArray} pixels @param {number} at */
function mix(parts, pixels, at) {
  for (let c = 0; c < 3; c++) {
    let sum = 0;
    for (let k = 0; k < parts.length; k++) sum += parts[k] * PALETTE[k % PALETTE.length][c];
    pixels[at + c] = 255 + (sum - 255) * 0.7;
  }
  pixels[at + 3] = 255;
}

/** Draw a label's shape around a place. @param {CanvasRenderingContext2D} context @param {number} k @param {number} x @param {number} y @param {number} r */
function outline(context, k, x, y, r) {
  const corners = [0, 4, 3, 4, 3, 8, 8, 5, 3, 3][k % 10];
  const turn = [0, Math.PI / 4, -Math.PI / 2, 0, Math.PI / 2, 0, Math.PI / 4, -Math.PI / 2, Math.PI, 0][k % 10];
  context.beginPath();
  if (corners < 3) context.arc(x, y, r, 0, 7);
  for (let at = 0; corners > 2 && at < corners; at++) {
    const far = corners >= 8 && at % 2 ? r * 0.5 : r * 1.15;
    const angle = turn + (2 * Math.PI * at) / corners;
    context.lineTo(x + far * Math.cos(angle), y + far * Math.sin(angle));
  }
  context.closePath();
}

/** Make a canvas as sharp as the screen, and return what draws on it, in CSS pixels. @param {any} canvas @param {number} width @param {number} height */
function sharp(canvas, width, height) {
  const scale = window.devicePixelRatio || 1;
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return context;
}
