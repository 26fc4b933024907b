/** Solves a small linear system Σ_j a_ij·x_j = b_i for x on the host, by elimination with pivoting. */
export const solved = (a: readonly (readonly number[])[], b: readonly number[]): readonly number[] => {
  if (b.length === 0) return [];
  const rows = a.map((row, i) => [...row, b[i]!]).sort((p, q) => Math.abs(q[0]!) - Math.abs(p[0]!));
  const [[pivot, ...rest], ...others] = rows as [[number, ...number[]], ...number[][]]; // there is at least one row
  const smaller = others.map(([first, ...row]) => row.map((entry, j) => entry - (first! / pivot) * rest[j]!));
  const tail = solved(
    smaller.map((row) => row.slice(0, -1)),
    smaller.map((row) => row.at(-1)!),
  );
  const known = tail.reduce((sum, x, j) => sum + rest[j]! * x, 0);
  return [(rest.at(-1)! - known) / pivot, ...tail];
};
