/** Square matrices in float64, row-major. ml-matrix computes the eigenvalues. */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

/** The eigenvalues of a symmetric matrix, and eigenvectors as columns. */
export interface Eigen {
  /** `[n]`, rising. */
  readonly values: readonly number[];
  /** The number in row i of eigenvector k. */
  readonly vector: (k: number, i: number) => number;
}

/** Decomposes a symmetric matrix of n rows. */
export const eigenOf = (matrix: Float64Array, n: number): Eigen => {
  const rows = Array.from({ length: n }, (_, i) => Array.from(matrix.subarray(i * n, (i + 1) * n)));
  const decomposition = new EigenvalueDecomposition(new Matrix(rows), { assumeSymmetric: true });
  const vectors = decomposition.eigenvectorMatrix;
  return { values: decomposition.realEigenvalues, vector: (k, i) => vectors.get(i, k) };
};

/** a·b of `[n, k]` and `[k, m]`. */
export const product = (a: Float64Array, b: Float64Array, n: number, k: number, m: number): Float64Array => {
  const out = new Float64Array(n * m);
  for (let i = 0; i < n; i++)
    for (let l = 0; l < k; l++) {
      const x = a[i * k + l]!;
      for (let j = 0; j < m; j++) out[i * m + j]! += x * b[l * m + j]!;
    }
  return out;
};

/** The transpose of `[n, m]`. */
export const transposed = (a: Float64Array, n: number, m: number): Float64Array =>
  Float64Array.from({ length: n * m }, (_, at) => a[(at % n) * m + Math.floor(at / n)]!);
