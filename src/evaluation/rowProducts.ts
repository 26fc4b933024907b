/**
 * Products and distances of one row of a table with many rows of another. Four rows at a time share the reads of the
 * one row, and their sums do not wait for each other.
 */

/** Writes the dot products of row i of `x` with the first m rows of `y` to `out`. Rows have d numbers. */
export const dotProducts = (
  x: Float64Array,
  i: number,
  y: Float64Array,
  m: number,
  d: number,
  out: Float64Array,
): void => {
  const from = i * d;
  let j = 0;
  for (; j + 4 <= m; j += 4) {
    const to = j * d;
    let a = 0;
    let b = 0;
    let c = 0;
    let e = 0;
    for (let k = 0; k < d; k++) {
      const value = x[from + k]!;
      a += value * y[to + k]!;
      b += value * y[to + d + k]!;
      c += value * y[to + 2 * d + k]!;
      e += value * y[to + 3 * d + k]!;
    }
    out[j] = a;
    out[j + 1] = b;
    out[j + 2] = c;
    out[j + 3] = e;
  }
  for (; j < m; j++) {
    let sum = 0;
    for (let k = 0; k < d; k++) sum += x[from + k]! * y[j * d + k]!;
    out[j] = sum;
  }
};

/** Writes the squares of the distances of row i of `x` to the first m rows of `y` to `out`. Rows have d numbers. */
export const squaredDistances = (
  x: Float64Array,
  i: number,
  y: Float64Array,
  m: number,
  d: number,
  out: Float64Array,
): void => {
  const from = i * d;
  let j = 0;
  for (; j + 4 <= m; j += 4) {
    const to = j * d;
    let a = 0;
    let b = 0;
    let c = 0;
    let e = 0;
    for (let k = 0; k < d; k++) {
      const value = x[from + k]!;
      const u = value - y[to + k]!;
      const v = value - y[to + d + k]!;
      const w = value - y[to + 2 * d + k]!;
      const z = value - y[to + 3 * d + k]!;
      a += u * u;
      b += v * v;
      c += w * w;
      e += z * z;
    }
    out[j] = a;
    out[j + 1] = b;
    out[j + 2] = c;
    out[j + 3] = e;
  }
  for (; j < m; j++) {
    let sum = 0;
    for (let k = 0; k < d; k++) sum += (x[from + k]! - y[j * d + k]!) ** 2;
    out[j] = sum;
  }
};
