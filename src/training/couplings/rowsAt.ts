/** The rows of an array, of `each` numbers, at some indices. */
export const rowsAt = (rows: Float32Array, each: number, at: Int32Array): Float32Array => {
  const out = new Float32Array(at.length * each);
  at.forEach((row, i) => out.set(rows.subarray(row * each, (row + 1) * each), i * each));
  return out;
};
