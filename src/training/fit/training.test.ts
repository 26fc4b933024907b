import { describe, expect, test } from 'vitest';
import { reference } from '../../backends/reference/index.js';
import { ddim, type Model, type Objective, simpleLosses } from '../../diffusion/index.js';
import {
  type Backend,
  cast,
  div,
  failure,
  key,
  log,
  mul,
  type NoisefoldError,
  release,
  type Scalar,
  sub,
  zerosLike,
} from '../../dsl/index.js';
import { E, TE, type taskEither } from '../../internal/fp.js';
import type { StoredTensor } from '../../formats/safetensors/safetensors.js';
import { adam, layer, type Step } from '../../nn/index.js';
import { decodeCheckpoint } from '../../checkpoints/checkpoint.js';
import { type Dataset, datasetOf, pixelOf } from '../../data/dataset.js';
import { fit } from './fit.js';
import { startTraining, type TrainingRun } from './run.js';
import type { TrainEvent } from './trainEvent.js';
import { sample } from '../sample/sample.js';
import type { Sampling } from '../sample/sampling.js';
import type { Snapshot } from '../../checkpoints/snapshot.js';
import { bars, plainTraining, right, smallTraining } from '../testing.js';
import { onWasm, takeAll, bytesAfter } from '../../../properties/training/onWasm.js';

describe('a training run', () => {
  test('learns: the held-out loss of the averaged parameters falls', () =>
    onWasm(async (backend) => {
      const training = {
        ...smallTraining(120),
        averageDecay: 0.9,
        heldOut: { data: bars(24), every: 60, images: 24 },
      };
      const { events, error } = await takeAll(right(await startTraining(training)(backend)()));
      expect(error).toBeNull();
      const losses = events.flatMap((e) => (e._tag === 'HeldOut' ? [e.loss] : []));
      expect(losses).toHaveLength(3);
      expect(losses[2]!).toBeLessThan(0.6 * losses[0]!);
      expect(events.flatMap((e) => (e._tag === 'Step' ? [e.step] : []))).toEqual(
        Array.from({ length: 120 }, (_, i) => i),
      );
    }));

  test('resumed from the bytes of a checkpoint, ends with the same bytes', async () => {
    const whole = await bytesAfter(plainTraining(7));
    const part = await bytesAfter(plainTraining(3));
    const from = right(decodeCheckpoint('part')(part));
    expect(from.step).toBe(3);
    expect(Buffer.compare(await bytesAfter({ ...plainTraining(7), from }), whole)).toBe(0);
  });

  test('of a U-Net, resumed, ends with the same bytes', async () => {
    const whole = await bytesAfter(smallTraining(4));
    const from = right(decodeCheckpoint('part')(await bytesAfter(smallTraining(2))));
    expect(from.step).toBe(2);
    expect(Buffer.compare(await bytesAfter({ ...smallTraining(4), from }), whole)).toBe(0);
  });

  test('loads one batch for each step, and none if all steps are done', () =>
    onWasm(async (backend) => {
      let loads = 0;
      const { batch, ...rest } = { ...bars(60), inMemory: false };
      const data: Dataset<[8, 8, 1]> = { ...rest, batch: (positions) => (loads++, batch(positions)) };
      const first = right(await startTraining({ ...plainTraining(2), data })(backend)());
      await takeAll(first);
      expect(loads).toBe(2);
      const from = right(await first.snapshot());
      const { events } = await takeAll(right(await startTraining({ ...plainTraining(2), data, from })(backend)()));
      expect([events.length, loads]).toEqual([0, 2]);
    }));

  test('fit keeps only the averaged parameters', () =>
    onWasm(async (backend) => {
      const { params, model } = right(await fit(plainTraining(2))(backend)());
      const parameters = model.params.leaves.length;
      expect(backend.stats().buffers).toBe(parameters);
      right(await release(params)(backend)());
      expect(backend.stats().bytes).toBe(0);
    }));

  test('is finished once: then it can be neither finished nor copied', () =>
    onWasm(async (backend) => {
      const run = right(await startTraining(plainTraining(1))(backend)());
      await takeAll(run);
      const copy = right(await run.average());
      const params = right(await run.finish());
      for (const again of [run.finish, run.average])
        expect(await again()).toMatchObject({ left: { _tag: 'ValueConsumed', where: 'training, step 1' } });
      right(await run.release());
      right(await release([copy, params])(backend)());
      expect(backend.stats().bytes).toBe(0);
    }));

  test('ends as Cancelled on a signal, and the state stays usable', () =>
    onWasm(async (backend) => {
      const stop = new AbortController();
      const run = right(await startTraining({ ...plainTraining(50), signal: stop.signal })(backend)());
      let steps = 0;
      let last: E.Either<NoisefoldError, TrainEvent> | undefined;
      for await (const event of run.events) {
        last = event;
        if (++steps === 3) stop.abort();
      }
      expect(last).toMatchObject({ left: { _tag: 'Cancelled' } });
      expect(right(await run.snapshot()).step).toBe(3);
    }));
});

test.each([
  ['before the first step', 0, []],
  ['after a step', 1, ['HeldOut', 'Step']],
])('a held-out measurement that fails %s ends the run', (_, failed, tags) =>
  onWasm(async (backend) => {
    let asked = 0;
    const { batch, ...rest } = { ...bars(6), inMemory: false };
    const data: Dataset<[8, 8, 1]> = {
      ...rest,
      batch: (positions) => (asked++ === failed ? TE.left(lost) : batch(positions)),
    };
    const run = right(await startTraining({ ...plainTraining(3), heldOut: { data, every: 1 } })(backend)());
    const events: E.Either<NoisefoldError, TrainEvent>[] = [];
    for await (const event of run.events) events.push(event);
    const errors = events.splice(-1);
    expect(errors).toEqual([E.left(lost)]);
    expect(events.map((event) => right(event)._tag)).toEqual(tags);
  }),
);

/** A data set that fails from some step on, or throws, which no data set should. */
const failing = (fails: () => taskEither.TaskEither<NoisefoldError, never>, after: number): Dataset<[8, 8, 1]> => {
  let asked = 0;
  const { batch, ...rest } = { ...bars(60), inMemory: false }; // and is not checked before the first step
  return { ...rest, batch: (positions) => (asked++ < after ? batch(positions) : fails()) };
};
const lost = failure('FileError', { where: 'data', expected: 'a disk', actual: 'none', hint: 'buy one' });
const thrown = (): never => {
  throw new Error('thrown');
};
const defect = {
  left: { _tag: 'ConfigError', where: 'fit.onEvent', actual: expect.stringContaining('Error: thrown') },
};

describe('all memory is freed', () => {
  const heldOut = { data: bars(8), every: 1 };
  const training = { ...plainTraining(2), heldOut };

  /** The memory in use after an effect, however it ended. */
  const heldAfter = (effect: (backend: Backend) => Promise<unknown>): Promise<unknown> =>
    onWasm(async (backend) => {
      const outcome = await effect(backend);
      const { buffers, bytes } = backend.stats();
      expect({ buffers, bytes }).toEqual({ buffers: 0, bytes: 0 });
      return outcome;
    });

  test('by a run that is released, finished or not', async () => {
    for (const steps of [0, 2])
      await heldAfter(async (backend) => {
        const run = right(await startTraining({ ...training, steps })(backend)());
        expect((await takeAll(run)).error).toBeNull();
        right(await run.release());
        right(await run.release());
      });
  });

  test('by one that cannot begin', async () => {
    const other = right(await onWasm(async (backend) => {
      const run = right(await startTraining(plainTraining(0))(backend)());
      return E.map((from: Snapshot) => ({ ...from, tensors: new Map() }))(await run.snapshot());
    }));
    const outcome = await heldAfter((backend) => startTraining({ ...training, from: other })(backend)());
    expect(outcome).toMatchObject({ left: { _tag: 'CheckpointMismatch' } });
  });

  test.each<readonly [string, (data: Float32Array) => Float32Array, object]>([
    ['shorter than its shape', (data) => data.slice(1), { expected: expect.stringMatching(/^params\.\S+ to hold F32 \[/) }],
    ['longer than its shape', (data) => Float32Array.of(...data, 0), { expected: expect.stringMatching(/^params\.\S+ to hold F32 \[/) }],
    ['not finite', (data) => data.with(0, NaN), { expected: 'finite numbers', actual: 'NaN at position 0' }],
  ])('by one that begins from a snapshot in memory with data that are %s', async (_, damage, error) => {
    const from = right(await onWasm(async (backend) => (right(await startTraining(plainTraining(0))(backend)())).snapshot()));
    const [name, tensor] = [...from.tensors].find(([path]) => path.startsWith('params.'))!;
    const damaged = { ...tensor, data: damage(tensor.data as Float32Array) } as StoredTensor; // of the same dtype
    const tensors = new Map([...from.tensors, [name, damaged]]);
    const outcome = await heldAfter((backend) => fit({ ...training, from: { ...from, tensors } })(backend)());
    expect(outcome).toMatchObject({ left: { _tag: 'ConfigError', where: expect.stringMatching(/^checkpoint of step 0/), ...error } });
  });

  test.each([
    ['data that end', { data: failing(() => TE.left(lost), 1) }, E.left(lost)],
    ['data that throw', { data: failing(thrown, 1) }, { left: { ...defect.left, where: 'data set: batch' } }],
    ['held-out data that end', { heldOut: { data: failing(() => TE.left(lost), 1), every: 1 } }, E.left(lost)],
    ['a listener that fails', { onEvent: () => TE.left(lost) }, E.left(lost)],
    ['a listener that throws', { onEvent: thrown }, defect],
  ])('by a fit with %s', async (_, change, outcome) => {
    expect(await heldAfter((backend) => fit({ ...training, ...change })(backend)())).toMatchObject(outcome);
  });

  test.each([
    ['an error', () => TE.left(lost), lost],
    ['an exception', thrown, defect.left],
  ])('by a fit whose onError gets %s of onEvent, and the state', async (_, onEvent, error) => {
    const seen: unknown[] = [];
    const onError = (given: NoisefoldError, run: Pick<TrainingRun, 'snapshot'>) =>
      TE.map(({ step }: Snapshot) => void seen.push(given, step))(run.snapshot);
    const training = plainTraining(2); // its first event is its first step
    await heldAfter((backend) => fit({ ...training, onEvent, onError })(backend)());
    expect(seen).toMatchObject([error, 1]);
  });

  test('by a sampling that is stopped or whose listener throws', () =>
    onWasm(async (backend) => {
      const model = right(await fit(plainTraining(1))(backend)());
      const held = backend.stats();
      const stop = new AbortController();
      const draw = (change: Partial<Sampling>) =>
        sample({ grid: 4, solver: ddim(), labels: [0, 1, 2], batch: 2, key: key(1), ...change })(model)(backend)();
      const stopped = await draw({ signal: stop.signal, onStep: (done) => done === 3 && stop.abort() });
      expect(stopped).toMatchObject({ left: { _tag: 'Cancelled', where: 'sampling, step 3' } });
      expect(await draw({ onStep: thrown })).toMatchObject({ left: { _tag: 'ConfigError', actual: expect.stringContaining('Error: thrown') } });
      expect(backend.stats()).toMatchObject({ buffers: held.buffers, bytes: held.bytes });
    }));
}); // oxfmt-ignore

test('the loss on held-out images is the mean over the given number of images, for any batch size', () =>
  onWasm(async (backend) => {
    // a model without parameters predicts grey: its loss depends only on the image
    const grey: Model<object, [8, 8, 1]> = { ...layer({}, () => null), predicts: 'x0', apply: (_, x) => zerosLike(x) };
    const levels = Uint8Array.of(255, 255, 255, 0, 191, 191, 191, 191, 255);
    const pixels = Uint8Array.from({ length: levels.length * 64 }, (_, i) => levels[i >> 6]!);
    const data = right(datasetOf({ pixels, labels: levels, image: [8, 8, 1] }));
    const lossOf = async (batch: number, images?: number): Promise<number> => {
      const { noising, optimizer } = plainTraining(0);
      const heldOut = { data, every: 1, ...(images === undefined ? {} : { images }) };
      const run = right(
        await startTraining({ model: grey, noising, optimizer, data, heldOut, batch, steps: 0, key: key(5) })(
          backend,
        )(),
      );
      const { events } = await takeAll(run);
      right(await run.release());
      return events[0]!._tag === 'HeldOut' ? events[0]!.loss : Number.NaN;
    };
    const squares = [...levels].map((byte) => pixelOf(byte) ** 2);
    const meanOf = (n: number): number => squares.slice(0, n).reduce((a, b) => a + b, 0) / n;
    for (const [batch, images] of [[3, 8], [4, 2], [3, 6], [5, 9]] as const)
      expect(await lossOf(batch, images)).toBeCloseTo(meanOf(images), 6);
    expect(await lossOf(4)).toBeCloseTo(meanOf(9), 6);
  })); // oxfmt-ignore

test('the loss on images of the training data is measured by the same weights, if it is asked for', () =>
  onWasm(async (backend) => {
    const grey: Model<object, [8, 8, 1]> = { ...layer({}, () => null), predicts: 'x0', apply: (_, x) => zerosLike(x) };
    const dataOf = (...levels: readonly number[]) =>
      right(datasetOf({ pixels: Uint8Array.from({ length: levels.length * 64 }, (_, i) => levels[i >> 6]!), image: [8, 8, 1] })); // oxfmt-ignore
    const { noising, optimizer } = plainTraining(0);
    const eventOf = async (heldOut: object) => {
      const data = dataOf(255, 191, 0);
      const settings = { data: dataOf(191, 191, 0, 0), every: 1, ...heldOut };
      const run = right(
        await startTraining({ model: grey, noising, optimizer, data, heldOut: settings, batch: 2, steps: 0, key: key(5) })(backend)(), // oxfmt-ignore
      );
      const { events } = await takeAll(run);
      right(await run.release());
      return events[0];
    };
    const [unseen, seen] = [
      [191, 191, 0, 0],
      [255, 191, 0],
    ].map((levels) => levels.reduce((sum, byte) => sum + pixelOf(byte) ** 2, 0) / levels.length);
    expect(await eventOf({ training: true })).toEqual({
      ...{ _tag: 'HeldOut', step: 0 },
      loss: expect.closeTo(unseen!, 6),
      trainingLoss: expect.closeTo(seen!, 6),
    });
    expect(await eventOf({ training: true, images: 2 })).toMatchObject({
      trainingLoss: expect.closeTo((1 + pixelOf(191) ** 2) / 2, 6),
    });
    expect(await eventOf({})).not.toHaveProperty('trainingLoss');
  }));

describe('a step that is not finite', () => {
  /** The logarithm of a number below 0. */
  const poisoned: Objective = (noising, denoiser, options) => {
    const losses = simpleLosses(noising, denoiser, options);
    return (...args) => {
      const drawn = losses(...args);
      return { ...drawn, losses: log(sub(mul(drawn.losses, 0.5), drawn.losses)) };
    };
  };

  test('changes nothing, names its origin, and ends the run if it repeats', () =>
    onWasm(async (backend) => {
      const training = { ...plainTraining(50), batch: 1, loss: poisoned, oracle: reference() };
      const run = right(await startTraining(training)(backend)());
      const before = right(await run.snapshot());
      const { events, error } = await takeAll(run);
      const after = right(await run.snapshot());
      expect(error?.message).toMatch(
        /^training, step 9: expected a finite loss, gradient and update, got none in 10 of 10 steps, in the first one by log.*; no step was finite: check the model, the loss and the data$/,
      );
      const first = events.find((e) => e._tag === 'NonFinite');
      expect(first).toMatchObject({ step: 0 });
      expect(first?._tag === 'NonFinite' && first.origin).toMatch(/log/);
      for (const [path, { data }] of before.tensors)
        if (path !== 'step') expect(after.tensors.get(path)!.data).toEqual(data);
    }));

  test('although its loss and gradient are finite, changes nothing either', () =>
    onWasm(async (backend) => {
      // log(step - 1) is not finite before the second step
      const learningRate = (step: Step): Scalar => log(sub(cast(step, 'float32'), 1));
      const training = { ...plainTraining(1), optimizer: adam({ learningRate }), oracle: reference() };
      const run = right(await startTraining(training)(backend)());
      const before = right(await run.snapshot());
      const { events } = await takeAll(run);
      const after = right(await run.snapshot());
      expect(events).toMatchObject([{ _tag: 'Step' }, { _tag: 'NonFinite', step: 0, origin: expect.stringMatching(/^log/) }]);
      expect(events[0]!._tag === 'Step' && Number.isFinite(events[0]!.loss + events[0]!.gradientNorm)).toBe(true);
      for (const [path, { data }] of before.tensors)
        if (path !== 'step') expect(after.tensors.get(path)!.data).toEqual(data);
    })); // oxfmt-ignore

  test('is repeated by the oracle with its own number, of which the learning rate is a function', () =>
    onWasm(async (backend) => {
      // infinite only at the second step
      const learningRate = (step: Step): Scalar => div(1e-3, sub(cast(step, 'float32'), 1));
      const training = { ...plainTraining(2), optimizer: adam({ learningRate }), oracle: reference() };
      const { events } = await takeAll(right(await startTraining(training)(backend)()));
      expect(events).toMatchObject([
        { _tag: 'Step' },
        { _tag: 'Step' },
        { _tag: 'NonFinite', step: 1, origin: expect.stringMatching(/^div/) },
      ]);
    }));
});
