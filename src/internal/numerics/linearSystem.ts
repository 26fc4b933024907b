/** Solves a linear system Σ_j a_ij·x_j = b_i for x on the host, by elimination with pivoting in one copy. */
export const solved = (a: readonly (readonly number[])[], b: readonly number[]): readonly number[] => {
  const n = b.length;
  const rows = a.map((row, i) => [...row, b[i]!]);
  for (let k = 0; k < n; k++) {
    for (let i = k + 1; i < n; i++)
      if (Math.abs(rows[i]![k]!) > Math.abs(rows[k]![k]!)) [rows[k], rows[i]] = [rows[i]!, rows[k]!];
    const pivot = rows[k]!;
    for (let i = k + 1; i < n; i++) {
      const row = rows[i]!;
      const factor = row[k]! / pivot[k]!;
      for (let j = k; j <= n; j++) row[j]! -= factor * pivot[j]!;
    }
  }
  const x = b.slice();
  for (let i = n - 1; i >= 0; i--) {
    const row = rows[i]!;
    let known = 0;
    for (let j = i + 1; j < n; j++) known += row[j]! * x[j]!;
    x[i] = (row[n]! - known) / row[i]!;
  }
  return x;
};
