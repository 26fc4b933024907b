/**
 * Measures a backend: floating-point rate of matrix products and convolutions, bandwidth of fused elementwise
 * operations.
 */
import type { Backend, HostArray } from '../dsl/compile/backend.js';
import { compile } from '../dsl/run/compile.js';
import type { NoisefoldError } from '../internal/errors.js';
import { add, conv2d, matmul, maximum, mul, slice, sub } from '../dsl/index.js';
import { type Program, program } from '../dsl/graph/spec.js';
import { type AnyValue, read, release, upload, type Value } from '../dsl/run/value.js';
import { E, type either } from '../internal/fp.js';

export interface Speeds {
  /** Square matrix products, in GFLOP/s. */
  readonly matmul: number;
  /** 3×3 convolutions with 64 channels, in GFLOP/s. */
  readonly conv: number;
  /** Seven elementwise operations on one input, in GB/s. Only the bytes of the input and the result count. */
  readonly chain: number;
}

type Result<A> = either.Either<NoisefoldError, A>;

/** A program to time at increasing sizes. Only fast backends reach the larger sizes. */
interface Measurement {
  /** Returns `y`, and its first element: reading that waits for the whole result. */
  readonly program: Program<never, unknown>;
  readonly sizes: readonly number[];
  readonly extents: (size: number) => Readonly<Record<string, number>>;
  readonly inputs: (size: number) => Readonly<Record<string, readonly number[]>>;
  /** Floating-point operations or bytes of one run. */
  readonly work: (size: number) => number;
}

// measurements differ in their input types: symbols are bound by name at run time
const measurement = <I, O>(given: Program<I, O>, rest: Omit<Measurement, 'program'>): Measurement => ({
  ...rest,
  program: given as unknown as Measurement['program'],
});

const product = measurement(
  program({ a: 'N N', b: 'N N' }, ({ a, b }) => {
    const y = matmul(a, b);
    return { y, first: slice(slice(y, 0, 0, 1), 1, 0, 1) };
  }),
  {
    sizes: [128, 256, 512, 1024, 2048, 4096],
    extents: (N) => ({ N }),
    inputs: (N) => ({ a: [N, N], b: [N, N] }),
    work: (N) => 2 * N ** 3,
  },
);

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

const numbers = (n: number): Float32Array => Float32Array.from({ length: n }, (_, i) => ((i * 7) % 13) / 13 - 0.5);

/** Returns the value of a result, or throws its error, which {@link speedsOf} catches. */
const orThrow = <A>(result: Result<A>): A => {
  if (E.isLeft(result)) throw Object.assign(new Error(result.left.message), { left: result.left });
  return result.right;
};

/** A measurement stops at the first size where one run takes this long, in milliseconds. */
const LONG_RUN = 60;
/** A measurement also stops once all its runs have taken this long, in milliseconds. */
const BUDGET = 900;

/**
 * Seconds per run at a size. It times several runs in a row, which fill a device's queue, for about {@link LONG_RUN}.
 */
const secondsAt = async (backend: Backend, { program, extents, inputs }: Measurement, size: number): Promise<number> => {
  const executable = orThrow(await compile(program, extents(size) as never)(backend)());
  const values: Record<string, AnyValue> = {};
  for (const [name, shape] of Object.entries(inputs(size)))
    values[name] = orThrow(await upload(numbers(shape.reduce((a, b) => a * b, 1)), shape)(backend)());
  const millisecondsOf = async (count: number): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      const results = orThrow(await executable.run(values as never)()) as Readonly<Record<string, AnyValue>>;
      if (i === count - 1) orThrow<HostArray>(await read(results['first'] as Value<[]>)(backend)());
      orThrow(await release(results)(backend)());
    }
    return performance.now() - start;
  };
  await millisecondsOf(1); // warms up: compiles kernels, maps memory pages
  const one = await millisecondsOf(1);
  const count = Math.max(1, Math.min(20, Math.floor(LONG_RUN / one)));
  const all = count === 1 ? one : await millisecondsOf(count);
  executable.release();
  orThrow(await release(values)(backend)());
  return all / count / 1000;
}; // prettier-ignore

/** Work per second, in units of 10⁹, at the largest size that the time limits allow. */
const rateOf = async (backend: Backend, measured: Measurement): Promise<number> => {
  const start = performance.now();
  let rate = 0;
  for (const size of measured.sizes) {
    const seconds = await secondsAt(backend, measured, size);
    rate = measured.work(size) / seconds / 1e9;
    // the next size takes four or eight times as long, for each of several runs
    if (1000 * seconds > LONG_RUN || performance.now() - start > BUDGET) break;
  }
  return rate;
};

/** Measures all speeds of a backend, in about three seconds. */
export const speedsOf = async (backend: Backend): Promise<Result<Speeds>> => {
  try {
    return E.right({
      matmul: await rateOf(backend, product),
      conv: await rateOf(backend, convolution),
      chain: await rateOf(backend, chain),
    });
  } catch (thrown) {
    if (thrown instanceof Error && 'left' in thrown) return E.left(thrown.left as NoisefoldError);
    throw thrown;
  }
};
