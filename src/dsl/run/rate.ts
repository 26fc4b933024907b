/** The rate at which a backend runs a program, at a size that suits its speed. */
import type { Backend } from '../plan/backend.js';
import { sizeOf } from '../../internal/numbers.js';
import type { Bindings, Program } from '../graph/spec.js';
import type { Shape, Tensor } from '../graph/tensor.js';
import { type Fallible, gen, hold, take } from '../../internal/gen.js';
import { compiled } from './compile.js';
import type { Compiled } from './executable.js';
import { read, release, upload, type Value } from './value.js';

/** The inputs of a measurement, by name. */
type Inputs = Readonly<Record<string, Value<Shape>>>;

/** A program to time at increasing sizes. Only fast backends reach the larger sizes. */
export interface Measurement {
  /**
   * Compiles the program at some extents. The program returns `y` and its first element: a read of this element waits
   * for the whole result.
   */
  readonly compile: (
    extents: Bindings,
  ) => (backend: Backend) => Fallible<Compiled<Inputs, { readonly first: Value<Shape> }>>;
  readonly sizes: readonly number[];
  readonly extents: (size: number) => Readonly<Record<string, number>>;
  readonly inputs: (size: number) => Readonly<Record<string, readonly number[]>>;
  /** Floating-point operations or bytes of one run. */
  readonly work: (size: number) => number;
}

/** Makes a measurement. It binds symbols and inputs by name. */
export const measurement = <I, O extends { readonly first: Tensor<Shape> }>(
  program: Program<I, O>,
  rest: Omit<Measurement, 'compile'>,
): Measurement => ({ ...rest, compile: (extents) => compiled(program, extents) });

/** A measurement stops at the first size where one run takes this long, in milliseconds. */
const LONG_RUN = 60;
/** A measurement also stops once all its runs have taken this long, in milliseconds. */
const BUDGET = 900;

/**
 * The maximum number of series of runs at a size. Only the fastest series counts, because other work on the machine can
 * only slow a series down.
 */
const MOST_SERIES = 4;
/** The maximum number of runs in a series, enough to fill the queue of a device. */
const MOST_RUNS = 5;

/**
 * Measures the seconds per run at a size, by the fastest of several series of runs. All series together take about
 * {@link LONG_RUN}.
 */
const secondsAt = (backend: Backend, { compile, extents, inputs }: Measurement, size: number): Fallible<number> =>
  gen(function* () {
    const executable = yield* hold(compile(extents(size))(backend), ({ release: free }) => free());
    const values: Record<string, Value<Shape>> = {};
    for (const [name, shape] of Object.entries(inputs(size)))
      values[name] = yield* hold(upload(new Float32Array(sizeOf(shape)).fill(0.25), shape)(backend), (uploaded) =>
        release(uploaded)(backend),
      );
    const once = (reads: boolean): Fallible<void> =>
      gen(function* () {
        const results = yield* hold(executable.run(values), (outputs) => release(outputs)(backend));
        if (reads) yield* take(read(results.first)(backend));
      });
    const millisecondsOf = (count: number): Fallible<number> =>
      gen(function* () {
        const start = performance.now();
        for (let i = 0; i < count; i++) yield* take(once(i === count - 1));
        return performance.now() - start;
      });
    yield* take(millisecondsOf(1)); // warms up: compiles kernels, maps memory pages
    const one = yield* take(millisecondsOf(1));
    const count = Math.floor(LONG_RUN / one);
    const runs = Math.max(1, Math.min(MOST_RUNS, Math.floor(count / MOST_SERIES)));
    let fastest = one;
    for (let series = 0; series < Math.min(MOST_SERIES, count); series++)
      fastest = Math.min(fastest, (yield* take(millisecondsOf(runs))) / runs);
    return fastest / 1000;
  });

/**
 * Measures work per second, in units of 10⁹: the highest rate over the sizes, as far as the time limits allow. Returns the
 * errors of the backend, such as `BackendFailure`.
 */
export const rateOf = (backend: Backend, measurement: Measurement): Fallible<number> =>
  gen(function* () {
    const start = performance.now();
    let rate = 0;
    for (const size of measurement.sizes) {
      const seconds = yield* take(secondsAt(backend, measurement, size));
      rate = Math.max(rate, measurement.work(size) / seconds / 1e9);
      // the next size takes four or eight times as long, for each of several runs
      if (1000 * seconds > LONG_RUN || performance.now() - start > BUDGET) break;
    }
    return rate;
  });
