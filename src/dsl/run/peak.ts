import { F, TE } from '../../internal/fp.js';
import { program } from '../graph/spec.js';
import { add } from '../ops/elementwise/binary.js';
import { matmul } from '../ops/network/linear.js';
import { slice } from '../ops/shape/slicing.js';
import { effect, type Effect } from './effect.js';
import { type Measurement, measurement, rateOf } from './rate.js';

/** The highest rates of a backend on a machine. */
export interface Peak {
  /** Floating-point operations of a product of large matrices, in 10⁹ per second. */
  readonly gflops: number;
  /** Bytes read and written by a sum of large vectors, in 10⁹ per second. */
  readonly gbs: number;
}

/** Measures products of N×N matrices for several N, in floating-point operations. */
export const matrixProducts = (sizes: readonly number[]): Measurement =>
  measurement(
    program({ a: 'N N', b: 'N N' }, ({ a, b }) => {
      const y = matmul(a, b);
      return { y, first: slice(slice(y, 0, 0, 1), 1, 0, 1) };
    }),
    { sizes, extents: (N) => ({ N }), inputs: (N) => ({ a: [N, N], b: [N, N] }), work: (N) => 2 * N ** 3 },
  );

const product = matrixProducts([128, 512, 1024]);

/** Measures sums of vectors that are larger than caches, in bytes. */
const sum = measurement(
  program({ a: 'N', b: 'N' }, ({ a, b }) => {
    const y = add(a, b);
    return { y, first: slice(y, 0, 0, 1) };
  }),
  { sizes: [2 ** 22, 2 ** 24], extents: (N) => ({ N }), inputs: (N) => ({ a: [N], b: [N] }), work: (N) => 12 * N },
);

/**
 * Measures the peak of a backend on this machine for {@link explain}, in about a second: the rates of a product of
 * matrices of up to 1024×1024 and of a sum of vectors of up to 2²⁴ numbers. Returns the
 * errors of the backend, such as `BackendFailure`.
 * @example
 * await using nf = await open(wasm())
 * const peak = await nf.run(measurePeak)
 * peak.gflops > 0 && peak.gbs > 0 // → true
 */
export const measurePeak: Effect<Peak> = effect((backend) =>
  F.pipe(
    TE.Do,
    TE.bind('gflops', () => rateOf(backend, product)),
    TE.bind('gbs', () => rateOf(backend, sum)),
  ),
);
