// 2-16-16-1, tanh, cross-entropy of a logit, in loops over Float64Arrays: both passes written out for this one
// network, as one does by hand. Takes the parameters in the order of the model's neurons: weights, then bias.
const byHand = (numbers, X, Y, rate) => {
  const N = Y.length;
  const K = 16;
  const W1 = new Float64Array(2 * K), b1 = new Float64Array(K), dW1 = new Float64Array(2 * K), db1 = new Float64Array(K);
  const W2 = new Float64Array(K * K), b2 = new Float64Array(K), dW2 = new Float64Array(K * K), db2 = new Float64Array(K);
  const W3 = new Float64Array(K), b3 = new Float64Array(1), dW3 = new Float64Array(K), db3 = new Float64Array(1);
  const h1 = new Float64Array(K), h2 = new Float64Array(K), d1 = new Float64Array(K), d2 = new Float64Array(K);
  let place = 0;
  for (const [W, b, inputs] of [[W1, b1, 2], [W2, b2, K], [W3, b3, K]]) {
    for (let i = 0; i < b.length; i++) {
      for (let j = 0; j < inputs; j++) W[inputs * i + j] = numbers[place++];
      b[i] = numbers[place++];
    }
  }
  const moved = [[W1, dW1], [b1, db1], [W2, dW2], [b2, db2], [W3, dW3], [b3, db3]];
  return () => {
    for (const [, d] of moved) d.fill(0);
    let total = 0;
    for (let n = 0; n < N; n++) {
      const x0 = X[2 * n], x1 = X[2 * n + 1];
      for (let i = 0; i < K; i++) h1[i] = Math.tanh(b1[i] + W1[2 * i] * x0 + W1[2 * i + 1] * x1);
      for (let i = 0; i < K; i++) {
        let sum = b2[i];
        for (let j = 0; j < K; j++) sum += W2[K * i + j] * h1[j];
        h2[i] = Math.tanh(sum);
      }
      let z = b3[0];
      for (let j = 0; j < K; j++) z += W3[j] * h2[j];
      const tail = Math.exp(-Math.abs(z));
      total += Math.max(z, 0) + Math.log1p(tail) - Y[n] * z;
      const d = ((z >= 0 ? 1 : tail) / (1 + tail) - Y[n]) / N;
      db3[0] += d;
      for (let j = 0; j < K; j++) {
        dW3[j] += d * h2[j];
        d2[j] = d * W3[j] * (1 - h2[j] * h2[j]);
      }
      d1.fill(0);
      for (let i = 0; i < K; i++) {
        const slope = d2[i];
        db2[i] += slope;
        for (let j = 0; j < K; j++) {
          dW2[K * i + j] += slope * h1[j];
          d1[j] += slope * W2[K * i + j];
        }
      }
      for (let j = 0; j < K; j++) {
        const slope = d1[j] * (1 - h1[j] * h1[j]);
        db1[j] += slope;
        dW1[2 * j] += slope * x0;
        dW1[2 * j + 1] += slope * x1;
      }
    }
    for (const [numbers, d] of moved) for (let i = 0; i < d.length; i++) numbers[i] -= rate * d[i];
    return total / N;
  };
};
