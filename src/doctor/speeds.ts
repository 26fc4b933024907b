/** What a backend reaches: arithmetic of products and convolutions, and bandwidth of arithmetic that is fused. */
import type { Backend, HostArray } from '../dsl/backend.js';
import { compile } from '../dsl/compile.js';
import type { NoisefoldError } from '../dsl/errors.js';
import { add, conv2d, matmul, maximum, mul, slice, sub } from '../dsl/index.js';
import { type Program, program } from '../dsl/program.js';
import { type AnyValue, read, release, upload, type Value } from '../dsl/value.js';
import { E, type either } from '../internal/fp.js';

export interface Speeds {
  /** Of square matrices, in GFLOP/s. */
  readonly matmul: number;
  /** 3×3, of 64 channels, in GFLOP/s. */
  readonly conv: number;
  /** Seven operations on one input, in GB/s of that and the result, as if nothing else were moved. */
  readonly chain: number;
}

type Result<A> = either.Either<NoisefoldError, A>;

/** What is measured, at growing sizes: the larger ones are for those that are quick. */
interface Measurement {
  /** Gives `y`, and one number of it to wait for. */
  readonly program: Program<never, unknown>;
  readonly sizes: readonly number[];
  readonly extents: (size: number) => Readonly<Record<string, number>>;
  readonly inputs: (size: number) => Readonly<Record<string, readonly number[]>>;
  /** Floating-point operations, or bytes, of a run. */
  readonly work: (size: number) => number;
}

// what is measured is not looked at by the types: symbols are bound by name
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
    sizes: [2 ** 20, 2 ** 22, 2 ** 24], // more than caches hold
    extents: (N) => ({ N }),
    inputs: (N) => ({ x: [N] }),
    work: (N) => 2 * 4 * N,
  },
);

const numbers = (n: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => ((i * 7) % 13) / 13 - 0.5);

/** The right of a result; what went wrong is thrown, up to {@link speedsOf}. */
const orThrow = <A>(result: Result<A>): A => {
  if (E.isLeft(result)) throw Object.assign(new Error(result.left.message), { left: result.left });
  return result.right;
};

/** A run long enough to go by, and the most time for all runs of one measurement, in milliseconds. */
const LONG = 60;
const BUDGET = 900;

/** Seconds of one run at a size: of several in a row, as a queue is filled, up to {@link LONG}. */
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
  await millisecondsOf(1); // kernels are made ready, and pages of memory
  const one = await millisecondsOf(1);
  const count = Math.max(1, Math.min(20, Math.floor(LONG / one)));
  const all = count === 1 ? one : await millisecondsOf(count);
  executable.release();
  orThrow(await release(values)(backend)());
  return all / count / 1000;
}; // prettier-ignore

/** Work a second, in units of 10⁹, at the largest size that there is time for. */
const rateOf = async (backend: Backend, measured: Measurement): Promise<number> => {
  const start = performance.now();
  let rate = 0;
  for (const size of measured.sizes) {
    const seconds = await secondsAt(backend, measured, size);
    rate = measured.work(size) / seconds / 1e9;
    // the next size takes four or eight times as long, some runs of it
    if (1000 * seconds > LONG || performance.now() - start > BUDGET) break;
  }
  return rate;
};

/** Measures a backend, in about three seconds. */
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
