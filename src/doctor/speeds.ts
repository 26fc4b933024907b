/**
 * Measures a backend: floating-point rate of matrix products and convolutions, bandwidth of fused elementwise
 * operations.
 */
import type { Backend } from '../dsl/plan/backend.js';
import { matrixProducts } from '../dsl/run/peak.js';
import { measurement, rateOf } from '../dsl/run/rate.js';
import type { NoisefoldError } from '../internal/errors.js';
import { add, conv2d, maximum, mul, slice, sub } from '../dsl/index.js';
import { program } from '../dsl/graph/spec.js';
import { F, TE, type taskEither } from '../internal/fp.js';

export interface Speeds {
  /** Square matrix products, in GFLOP/s. */
  readonly matmul: number;
  /** 3×3 convolutions with 64 channels, in GFLOP/s. */
  readonly conv: number;
  /** Seven elementwise operations on one input, in GB/s. Only the bytes of the input and the result count. */
  readonly chain: number;
}

const product = matrixProducts([128, 256, 512, 1024, 2048, 4096]);

const CHANNELS = 64;
const BATCH = 4;

const convolution = measurement(
  program({ image: 'B H W C', kernel: '3 3 C C' }, ({ image, kernel }) => {
    const y = conv2d(image, kernel);
    return { y, first: slice(slice(slice(slice(y, 0, 0, 1), 1, 0, 1), 2, 0, 1), 3, 0, 1) };
  }),
  {
    sizes: [8, 16, 32, 64, 128],
    extents: (H) => ({ B: BATCH, H, W: H, C: CHANNELS }),
    inputs: (H) => ({ image: [BATCH, H, H, CHANNELS], kernel: [3, 3, CHANNELS, CHANNELS] }),
    work: (H) => 2 * 9 * CHANNELS ** 2 * BATCH * H * H,
  },
);

const chain = measurement(
  program({ x: 'N' }, ({ x }) => {
    const scaled = add(mul(x, 1.25), 0.5);
    const y = maximum(sub(mul(add(mul(x, 0.75), 1), scaled), 0.25), -1);
    return { y, first: slice(y, 0, 0, 1) };
  }),
  {
    sizes: [2 ** 20, 2 ** 22, 2 ** 24], // larger than caches
    extents: (N) => ({ N }),
    inputs: (N) => ({ x: [N] }),
    work: (N) => 2 * 4 * N,
  },
);

/** Measures all speeds of a backend, in about three seconds. */
export const speedsOf = (backend: Backend): taskEither.TaskEither<NoisefoldError, Speeds> =>
  F.pipe(
    TE.Do,
    TE.bind('matmul', () => rateOf(backend, product)),
    TE.bind('conv', () => rateOf(backend, convolution)),
    TE.bind('chain', () => rateOf(backend, chain)),
  );
