// @ts-check
// Colours and shapes: blue is positive, orange negative; labels differ in shape too.

const PALETTE = [[213, 94, 0], [0, 114, 178], [0, 158, 115], [204, 121, 167], [150, 110, 0], [86, 180, 233], [90, 90, 90], [128, 0, 64], [0, 90, 60], [60, 60, 160]];
const SHAPES = "●■▲◆▼★✚⬟⬢◗";

/** @param {number} k */
const inkOf = (k) => `rgb(${PALETTE[k % PALETTE.length].join(",")})`;

/** Put a colour from orange through white to blue into an image. @param {number} t from -1 to 1 @param {Uint8ClampedArray} pixels @param {number} at */
function tint(t, pixels, at) {
  const end = PALETTE[t > 0 ? 1 : 0];
  const strength = Number.isNaN(t) ? 0 : Math.min(1, Math.abs(t)) * 0.85;
  for (let c = 0; c < 3; c++) pixels[at + c] = 255 + (end[c] - 255) * strength;
  pixels[at + 3] = 255;
}

/** Put the mixed colours of labels into an image, by their shares. @param {ArrayLike<number>} parts @param {Uint8ClampedArray} pixels @param {number} at */
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
  const corners = [0, 4, 3, 4, 3, 10, 8, 5, 6, 2][k % 10];
  const turn = [0, Math.PI / 4, -Math.PI / 2, 0, Math.PI / 2, -Math.PI / 2, 0, -Math.PI / 2, 0, 0][k % 10];
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
