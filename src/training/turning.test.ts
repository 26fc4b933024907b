/**
 * The event loop turns while programs are compiled and run, so that timers, signals and rendering do not wait for them.
 */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { reference } from '../backends/reference/index.js';
import { tfjs } from '../backends/tfjs/index.js';
import { wasmBackend } from '../backends/wasm/testing.js';
import { cosine, ddim, ddpm, type Model } from '../diffusion/index.js';
import { add, type Backend, compile, type Effect, key, matmul, program, type Tensor, zerosLike } from '../dsl/index.js';
import { E } from '../internal/fp.js';
import { allZeros, layer, parameter } from '../nn/index.js';
import { fit } from './fit/fit.js';
import { logLikelihoods } from './measure/logLikelihoods.js';
import { variationalBound } from './measure/variationalBound.js';
import { sample } from './sample/sample.js';
import { bars, right, smallTraining } from './testing.js';

afterEach(() => void vi.restoreAllMocks());

/** Advances the time at every reading of the clock, so that work pauses wherever it may. */
const restless = (): void => {
  let clock = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => (clock += 20));
};

/** Runs work to its end. Counts the turns of the event loop and the timers that fire during it. */
const counted = async (work: () => Promise<E.Either<{ readonly message: string }, unknown>>) => {
  const counts = { turns: 0, timers: 0 };
  let isRunning = true;
  const tick = (): void => {
    counts.turns++;
    if (isRunning) setImmediate(tick);
  };
  const ring = (): void => {
    counts.timers++;
    if (isRunning) setTimeout(ring, 0);
  };
  setImmediate(tick);
  setTimeout(ring, 0);
  const result = await work();
  isRunning = false;
  if (result._tag === 'Left') throw new Error(result.left.message);
  return counts;
};

const { model, ...small } = smallTraining(1);
const data = bars(6);
const ten = right(ddpm(cosine(10)));
/** Learns one number for all pixels, so that a step has few calls. */
const plain: Model<{ w: Tensor<[]> }, [8, 8, 1]> = {
  ...layer({ w: parameter(allZeros) }, () => null),
  predicts: 'x0',
  apply: ({ w }, x) => add(zerosLike(x), w),
};
const fitting = (steps: number) =>
  fit({ ...small, noising: ten, conditionDropout: 0, model: plain, data, steps, config: {} });
const drawing = { solver: ddim(), count: 2, key: key(2) } as const;

/** Backends that run on the calling thread. For workers, see properties/threads. */
describe.each<[string, () => Promise<E.Either<unknown, Backend>>]>([
  ['reference', () => reference()()],
  ['wasm on the calling thread', async () => E.right(wasmBackend({ threads: 1 }, { worthWorkers: Infinity }))],
  ['tfjs-cpu', () => tfjs('cpu')()],
])('%s', (_, acquire) => {
  const on = async <A>(work: (backend: Backend) => Promise<A>): Promise<A> => {
    const backend = right((await acquire()) as E.Either<never, Backend>); // all of these start
    const result = await work(backend);
    right(await backend.close());
    return result;
  };

  test('turns during compilation, more often for more calls', () =>
    on(async (backend) => {
      restless();
      const chain = (length: number) =>
        program({ x: '4 4' }, ({ x }) =>
          Array.from({ length }).reduce((y: Tensor<[4, 4]>) => matmul(y, x), x as Tensor<[4, 4]>),
        );
      const of = (length: number) => counted(compile(chain(length), {})(backend));
      const [few, many] = [await of(5), await of(50)];
      expect(few.turns).toBeGreaterThanOrEqual(5);
      expect(many.turns - few.turns).toBeGreaterThanOrEqual(45);
    }));

  test('turns during fit, more often for more steps', () =>
    on(async (backend) => {
      restless();
      const [few, many] = [await counted(fitting(1)(backend)), await counted(fitting(4)(backend))];
      expect(many.turns - few.turns).toBeGreaterThanOrEqual(3);
      expect(many.timers).toBeGreaterThan(0);
    }));

  test('turns during sampling and measurements, more often for more steps', () =>
    on(async (backend) => {
      const trained = right(await fitting(1)(backend)());
      restless();
      const works: Readonly<Record<string, (grid: number) => Effect<unknown>>> = {
        sample: (grid) => sample({ ...drawing, grid })(trained),
        logLikelihoods: (grid) => logLikelihoods({ data, batch: 6, grid, key: key(3) })(trained),
        variationalBound: (rounds) => variationalBound({ data, batch: 6 / rounds, key: key(3) })(trained),
      };
      for (const [name, work] of Object.entries(works)) {
        const [few, many] = [await counted(work(2)(backend)), await counted(work(6)(backend))];
        expect([name, many.turns - few.turns >= 4, many.timers > 0]).toEqual([name, true, true]);
      }
    }));
});

test('without a signal, timers fire during fit and sample on the calling thread, by the real clock', async () => {
  const backend = right(await reference()());
  const training = { ...small, model, data, steps: 2 };
  const { turns, timers } = await counted(fit(training)(backend));
  expect([turns > 10, timers > 10]).toEqual([true, true]); // this takes several hundred milliseconds, and longer on a busy machine
  const trained = right(await fit({ ...training, steps: 1 })(backend)());
  const samples = await counted(sample({ ...drawing, labels: [0, 1], grid: 4 })(trained)(backend));
  expect([samples.turns > 3, samples.timers > 3]).toEqual([true, true]);
  right(await backend.close());
});
