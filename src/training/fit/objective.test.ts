import { describe, expect, test } from 'vitest';
import { wasm } from '../../backends/wasm/backend.js';
import { reference } from '../../backends/reference/index.js';
import {
  type AdaptiveDraw,
  boundLosses,
  cosine,
  ddpm,
  hybridLosses,
  importanceTimesteps,
  learningVariance,
  logNormalTimes,
  logSNRTimes,
  type Model,
  minSnrWeight,
  type Objective,
  predictionErrors,
  rectifiedFlow,
  rescaledBoundLosses,
  type SampleLosses,
  simpleLosses,
  stratifiedTimes,
  timestepsBy,
  trigonometric,
  weightedBy,
} from '../../diffusion/index.js';
import {
  abs,
  add,
  type Backend,
  broadcastLike,
  expandDims,
  fullLike,
  key,
  mean,
  meanPerSample,
  mul,
  type NoisefoldError,
  pow,
  type Scalar,
  table,
  using,
  zerosLike,
} from '../../dsl/index.js';
import { TE, type taskEither } from '../../internal/fp.js';
import { adam, allOnes, allZeros, layer, parameter } from '../../nn/index.js';
import { decodeCheckpoint, encodeCheckpoint } from '../../checkpoints/checkpoint.js';
import { datasetOf, pixelOf } from '../../data/dataset.js';
import { fit } from './fit.js';
import { recipeConfig } from './recipeConfig.js';
import { startTraining } from './run.js';
import { readTensors, type Snapshot } from '../../checkpoints/snapshot.js';
import { leftOf, right, type PlainTraining, plainTraining } from '../testing.js';
import type { TrainEvent } from './trainEvent.js';

/** Runs effects on a backend. */
const on = async <A>(
  backend: taskEither.TaskEither<NoisefoldError, Backend>,
  effects: (backend: Backend) => Promise<A>,
): Promise<A> => right(await using(backend)((given) => TE.fromTask(() => effects(given)))());

const absoluteLosses: Objective = (noising, denoiser, options) => {
  const errors = predictionErrors(noising, denoiser, options);
  return (params, inputs) => {
    const { error, t } = errors(params, inputs);
    return { losses: meanPerSample(abs(error)), t };
  };
};

describe('a training minimizes the loss of its recipe', () => {
  // a model without parameters predicts grey: its loss on a uniform image is a function of the grey level
  const grey: Model<object, [1, 1, 1]> = {
    ...layer({}, () => null),
    predicts: 'x0',
    apply: (_, x) => zerosLike(x),
  };
  const pixels = Uint8Array.of(255, 255, 255, 0, 191, 64);
  const data = right(datasetOf({ pixels, labels: pixels, image: [1, 1, 1] }));
  const levels = Array.from(pixels, (byte) => Math.fround(pixelOf(byte)));
  const meanOf = (f: (level: number) => number): number =>
    levels.reduce((sum, level) => sum + f(level), 0) / levels.length;
  const threefold = weightedBy((lambda) => fullLike(lambda, 3))(absoluteLosses);

  test.each([
    ['left out', undefined, meanOf((level) => level ** 2)],
    ['simple', simpleLosses, meanOf((level) => level ** 2)],
    ['a custom loss', absoluteLosses, meanOf(Math.abs)],
    ['weighted', threefold, 3 * meanOf(Math.abs)],
  ] as const)('in its steps and on held-out images: %s', (_, loss, expected) =>
    on(reference(), async (backend) => {
      const { noising, optimizer } = plainTraining(0);
      const run = right(
        await startTraining({
          model: grey,
          noising,
          optimizer,
          data,
          batch: levels.length, // one epoch per step
          steps: 1,
          key: key(5),
          heldOut: { data, every: 1 },
          ...(loss && { loss }),
        })(backend)(),
      );
      const losses: (readonly [TrainEvent['_tag'], number])[] = [];
      for await (const event of run.events) {
        const told = right(event);
        if (told._tag === 'Step' || told._tag === 'HeldOut') losses.push([told._tag, told.loss]);
      }
      right(await run.release());
      expect(losses.map(([tag]) => tag)).toEqual(['HeldOut', 'Step', 'HeldOut']);
      for (const [, value] of losses) expect(value).toBeCloseTo(expected, 14);
    }),
  );

  test('times of uniform log-SNR give the bound of a flow, in bits per dimension', () =>
    on(reference(), async (backend) => {
      // x̂₀ is off by 1 at every level, so the bound is ½·∫ dSNR between the ends
      const [min, max, batch] = [0.5, 2, 64];
      const white = right(datasetOf({ pixels: Uint8Array.of(255), labels: Uint8Array.of(0), image: [1, 1, 1] }));
      const black: typeof grey = { ...grey, clock: 'level' };
      const times = logSNRTimes({ min, max });
      const { optimizer } = plainTraining(0);
      for (const noising of [rectifiedFlow(), trigonometric()]) {
        const training = { model: black, noising, optimizer, data: white, batch, allowRepeats: true, steps: 1, key: key(5) };
        const run = right(await startTraining({ ...training, loss: boundLosses, times })(backend)());
        const losses: number[] = [];
        for await (const event of run.events) {
          const told = right(event);
          if (told._tag === 'Step') losses.push(told.loss * Math.LN2);
        }
        right(await run.release());
        const expected = (min ** -2 - max ** -2) / 2;
        expect(losses).toHaveLength(1);
        // equal steps of λ: off by at most a step times the change of ½·SNR
        expect(Math.abs(losses[0]! - expected)).toBeLessThan(((2 * Math.log(max / min)) / batch) * expected);
      }
    })); // oxfmt-ignore

  test('that the model does not support is a ConfigError', () =>
    on(wasm(), async (backend) => {
      const training = { ...plainTraining(1), loss: hybridLosses };
      expect(await leftOf(startTraining(training)(backend))).toMatchObject({ _tag: 'ConfigError', where: 'hybridLosses' });
      expect(backend.stats().buffers).toBe(0);
    })); // oxfmt-ignore

  test('the hybrid loss trains the variance, which the simple loss does not', () =>
    on(reference(), async (backend) => {
      interface Said {
        readonly grey: Scalar;
        readonly place: Scalar;
      }
      const white = right(datasetOf({ pixels: Uint8Array.of(255), labels: Uint8Array.of(0), image: [1, 1, 1] }));
      const model: Model<Said, [1, 1, 1]> = {
        ...layer({ grey: parameter(allOnes), place: parameter(allZeros) }, () => null),
        ...learningVariance<Said, [1, 1, 1]>({
          predicts: 'x0',
          as: 'range',
          apply: ({ grey: level, place }, x) => ({ prediction: broadcastLike(level, x), variance: broadcastLike(place, x) }),
        }),
      };
      const noising = right(ddpm(cosine(20)));
      const learned = async (loss?: Objective) => {
        const optimizer = adam({ learningRate: 0.1 });
        const training = { model, noising, optimizer, data: white, batch: 8, allowRepeats: true, steps: 150, key: key(3), averageDecay: 0 };
        const { params } = right(await fit({ ...training, ...(loss && { loss }) })(backend)());
        const tensors = right(await readTensors(params)(backend)());
        return ['grey', 'place'].map((name) => tensors.get(name)!.data[0] as number);
      };
      const [simple, hybrid] = [await learned(), await learned(hybridLosses)];
      expect(simple).toEqual([1, 0]);
      expect(hybrid[0]).toBe(1);
      // if x̂₀ is exact, the posterior variance β̃ is exact too, which is at -1
      expect(hybrid[1]).toBeCloseTo(-1, 1);
    })); // oxfmt-ignore
});

describe('an adaptive draw of times', () => {
  const importance: AdaptiveDraw = importanceTimesteps({ size: 2 });
  const training = (steps: number): PlainTraining => ({
    ...plainTraining(steps),
    noising: right(ddpm(cosine(4))),
    loss: rescaledBoundLosses,
    times: importance,
  });
  const after = (given: PlainTraining): Promise<Snapshot> =>
    on(wasm(), async (backend) => {
      const run = right(await startTraining(given)(backend)());
      for await (const event of run.events) right(event);
      return right(await run.snapshot());
    });
  const bytesOf = (snapshot: Snapshot): Uint8Array => right(encodeCheckpoint(snapshot));

  test('is resumed with its state: the run ends with the same bytes', async () => {
    const whole = await after(training(7));
    const from = right(decodeCheckpoint('part')(bytesOf(await after(training(3)))));
    // every timestep already has losses, so that the next draw depends on them
    for (const seen of from.tensors.get('times.seen')!.data) expect(Number(seen)).toBeGreaterThanOrEqual(2);
    expect(Buffer.compare(bytesOf(await after({ ...training(7), from })), bytesOf(whole))).toBe(0);
    const data = Float32Array.from({ length: 4 * 2 }, (_, i) => (i < 2 ? 100 : 0));
    const forgotten = { dtype: 'F32', shape: [4, 2], data } as const;
    const other = { ...from, tensors: new Map(from.tensors).set('times.losses', forgotten) };
    expect(Buffer.compare(bytesOf(await after({ ...training(7), from: other })), bytesOf(whole))).not.toBe(0);
  }); // oxfmt-ignore

  test('is not updated by a step that is not finite', () =>
    on(wasm(), async (backend) => {
      const poison: Objective = (noising, denoiser, options) => (params, inputs) => {
        const { losses, t } = simpleLosses(noising, denoiser, options)(params, inputs);
        return { losses: add(losses, Number.NaN), t };
      };
      const run = right(await startTraining({ ...training(1), loss: poison })(backend)());
      for await (const event of run.events) right(event);
      const { tensors } = right(await run.snapshot());
      expect(tensors.get('times.seen')!.data).toEqual(new Float32Array(4));
      expect(tensors.get('times.losses')!.data).toEqual(new Float32Array(8));
    }));
});

test('a recipe states its loss and its draw of times', () => {
  const plain = plainTraining(0);
  const said = (change: Partial<PlainTraining>): unknown => recipeConfig({ ...plain, ...change });
  expect(said({})).toMatchObject({ loss: 'usualLosses', times: 'usualTimes' });
  expect(said({ loss: absoluteLosses })).toMatchObject({ loss: 'absoluteLosses' });
  const snr = (gamma: number): unknown => said({ loss: weightedBy(minSnrWeight(gamma))(simpleLosses) });
  expect(snr(5)).toMatchObject({
    loss: expect.stringMatching(/^simpleLosses weighted by [0-9a-f]{8}$/) as string,
  });
  expect(snr(5)).toEqual(snr(5));
  expect(snr(5)).not.toEqual(snr(3));
  expect(snr(60)).not.toEqual(snr(100));
  const logNormal = (mean: number): unknown => said({ times: logNormalTimes({ mean }) });
  expect(logNormal(0)).toEqual(logNormal(0));
  expect(logNormal(0)).not.toEqual(logNormal(1));
  const by = (...probabilities: readonly number[]): unknown =>
    said({ times: timestepsBy(mul(table(probabilities), 2)) });
  expect(by(1, 2)).toMatchObject({
    times: expect.stringMatching(/^timestepsBy [0-9a-f]{8}$/) as string,
  });
  expect(by(1, 2)).toEqual(by(1, 2));
  expect(by(1, 2)).not.toEqual(by(2, 1));
  expect(said({ times: stratifiedTimes })).toMatchObject({ times: 'stratifiedTimes' });
  expect(said({ times: logSNRTimes({ max: 50 }) })).toMatchObject({ times: 'logSNRTimes of 0.002 to 50' });
  expect(said({ times: importanceTimesteps() })).not.toEqual(said({ times: importanceTimesteps({ size: 5 }) }));
});

test('a run does not resume with other settings of its loss', () =>
  on(wasm(), async (backend) => {
    const powered = (power: number): Objective => {
      const losses: Objective = (noising, denoiser, options) => {
        const errors = predictionErrors(noising, denoiser, options);
        return (params, inputs) => {
          const { error, t } = errors(params, inputs);
          return { losses: meanPerSample(pow(abs(error), power)), t };
        };
      };
      return Object.assign(losses, { settings: { power } });
    };
    const { config: _, ...plain } = plainTraining(1);
    const training = { ...plain, loss: powered(3) };
    const run = right(await startTraining(training)(backend)());
    for await (const event of run.events) right(event);
    const from = right(await run.snapshot());
    const resumed = (loss: Objective, more: object = {}) =>
      startTraining({ ...training, ...more, steps: 2, from, loss })(backend)();
    right(await right(await resumed(powered(3))).release());
    const where = 'checkpoint of step 1: settings.loss.power';
    expect(await resumed(powered(4))).toMatchObject({ left: { where, expected: '4', actual: '3' } });
    right(await right(await resumed(powered(4), { allowOtherSettings: true })).release());
    const weighted = await resumed(weightedBy(minSnrWeight(5))(powered(4)), { config: recipeConfig(training) });
    expect(weighted).toMatchObject({ left: { where, expected: '4', actual: '3' } });
    const wrong = Object.assign(powered(3), { settings: { power: Number.NaN } });
    expect(await resumed(wrong)).toMatchObject({
      left: { _tag: 'ConfigError', where: 'training: settings.loss.power' },
    });
  }));

test.each<[string, (losses: SampleLosses<'B'>) => unknown, string]>([
  ['a scalar', ({ losses, t }) => ({ losses: mean(losses), t }), 'losses: float32 []'],
  ['a mean of one', ({ losses, t }) => ({ losses: expandDims(mean(losses), 0), t }), 'losses: float32 [1]'],
  ['a column', ({ losses, t }) => ({ losses: expandDims(losses, 1), t }), 'losses: float32 [2, 1]'],
  ['a tensor', ({ losses }) => losses, 'a tensor'],
  ['nothing', () => undefined, 'losses: nothing'],
])('a loss that returns %s in place of the losses of each sample is refused', async (_, change, actual) => {
  const loss: Objective = (...parts) => {
    const losses = simpleLosses(...parts);
    return (...args) => change(losses(...args) as never) as never;
  };
  const { data, ...training } = plainTraining(1);
  for (const more of [{}, { heldOut: { data, every: 1 } }]) {
    const error = await leftOf(using(wasm())(fit({ ...training, data, batch: 2, loss, ...more })));
    expect(error.message).toBe(
      `training.loss: expected a loss that returns { losses, t }, with losses of each sample, float32 [2], got ${actual}; reduce each sample by meanPerSample; training takes the mean over the batch`,
    );
  }
});
