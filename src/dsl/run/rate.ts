/** The rate at which a backend runs a program, at a size that suits its speed. */
import type { Backend, HostArray } from '../compile/backend.js';
import { sizeOf } from '../../internal/numbers.js';
import type { Program } from '../graph/spec.js';
import { caught, type NoisefoldError, orRaise } from '../../internal/errors.js';
import { E, type taskEither } from '../../internal/fp.js';
import { compile } from './compile.js';
import { type AnyValue, read, release, upload, type Value } from './value.js';

/** A program to time at increasing sizes. Only fast backends reach the larger sizes. */
export interface Measurement {
  /** Returns `y` and its first element. Reading the element waits for the whole result. */
  readonly program: Program<never, unknown>;
  readonly sizes: readonly number[];
  readonly extents: (size: number) => Readonly<Record<string, number>>;
  readonly inputs: (size: number) => Readonly<Record<string, readonly number[]>>;
  /** Floating-point operations or bytes of one run. */
  readonly work: (size: number) => number;
}

/** Makes a measurement. Its programs differ in their input types: symbols are bound by name at run time. */
export const measurement = <I, O>(given: Program<I, O>, rest: Omit<Measurement, 'program'>): Measurement => ({
  ...rest,
  program: given as unknown as Measurement['program'],
});

/** A measurement stops at the first size where one run takes this long, in milliseconds. */
const LONG_RUN = 60;
/** A measurement also stops once all its runs have taken this long, in milliseconds. */
const BUDGET = 900;

/**
 * The maximum number of series of runs at a size. The fastest one counts, because other work on the machine only slows
 * runs down.
 */
const MOST_SERIES = 4;
/** The maximum number of runs in a series, enough to fill the queue of a device. */
const MOST_RUNS = 5;

/** Seconds per run at a size, of the fastest of some series of runs, which take about {@link LONG_RUN} in all. */
const secondsAt = async (backend: Backend, { program, extents, inputs }: Measurement, size: number) => {
  const executable = orRaise(await compile(program, extents(size) as never)(backend)());
  const values: Record<string, AnyValue> = {};
  for (const [name, shape] of Object.entries(inputs(size)))
    values[name] = orRaise(await upload(new Float32Array(sizeOf(shape)).fill(0.25), shape)(backend)());
  const millisecondsOf = async (count: number): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      const results = orRaise(await executable.run(values as never)()) as Readonly<Record<string, AnyValue>>;
      if (i === count - 1) orRaise<HostArray>(await read(results['first'] as Value<[]>)(backend)());
      orRaise(await release(results)(backend)());
    }
    return performance.now() - start;
  };
  await millisecondsOf(1); // warms up: compiles kernels, maps memory pages
  const one = await millisecondsOf(1);
  const count = Math.floor(LONG_RUN / one);
  const runs = Math.max(1, Math.min(MOST_RUNS, Math.floor(count / MOST_SERIES)));
  let fastest = one;
  for (let series = 0; series < Math.min(MOST_SERIES, count); series++)
    fastest = Math.min(fastest, (await millisecondsOf(runs)) / runs);
  executable.release();
  orRaise(await release(values)(backend)());
  return fastest / 1000;
};

/**
 * Measures work per second, in units of 10⁹: the highest rate over the sizes, as far as the time limits allow. Returns the
 * errors of the backend, such as `BackendFailure`.
 */
export const rateOf =
  (backend: Backend, measured: Measurement): taskEither.TaskEither<NoisefoldError, number> =>
  async () => {
    const start = performance.now();
    let rate = 0;
    try {
      for (const size of measured.sizes) {
        const seconds = await secondsAt(backend, measured, size);
        rate = Math.max(rate, measured.work(size) / seconds / 1e9);
        // the next size takes four or eight times as long, for each of several runs
        if (1000 * seconds > LONG_RUN || performance.now() - start > BUDGET) break;
      }
    } catch (thrown) {
      return caught(thrown);
    }
    return E.right(rate);
  };
