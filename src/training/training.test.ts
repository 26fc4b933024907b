import { describe, expect, test } from 'vitest';
import { wasm } from '../backends/tfjs/wasm.js';
import { reference } from '../backends/reference/index.js';
import { cfg, ddim } from '../diffusion/index.js';
import { type Backend, key, type NoisefoldError, release, using } from '../dsl/index.js';
import { E, TE, type taskEither } from '../internal/fp.js';
import { unet } from '../nn/index.js';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.js';
import type { Dataset } from './dataset.js';
import { fit } from './fit.js';
import { startTraining, type TrainEvent, type TrainingRun } from './run.js';
import { sample } from './sample.js';
import { bars, right, type SmallTraining, smallTraining } from './testing.js';

/** Runs effects on the wasm backend. */
const onWasm = async <A>(effects: (backend: Backend) => Promise<A>): Promise<A> =>
  right(await using(wasm())((backend) => TE.fromTask(() => effects(backend)))());

const leftOf = async (result: taskEither.TaskEither<NoisefoldError, unknown>): Promise<NoisefoldError> => {
  const got = await result();
  if (E.isRight(got)) throw new Error('it succeeded');
  return got.left;
};

interface Taken {
  readonly events: readonly TrainEvent[];
  readonly error: NoisefoldError | null;
}

const takeAll = async (run: TrainingRun): Promise<Taken> => {
  const events: TrainEvent[] = [];
  for await (const event of run.events) {
    if (E.isLeft(event)) return { events, error: event.left };
    events.push(event.right);
  }
  return { events, error: null };
};

const bytesAfter = (training: SmallTraining): Promise<Uint8Array> =>
  onWasm(async (backend) => {
    const run = right(await startTraining(training)(backend)());
    await takeAll(run);
    return right(encodeCheckpoint(right(await run.snapshot())));
  });

describe('a training run', () => {
  test('learns: the held-out loss of the average falls', () =>
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

  test('resumed from the bytes of a checkpoint, ends in the same bytes', async () => {
    const whole = await bytesAfter(smallTraining(7));
    const part = await bytesAfter(smallTraining(3));
    const from = right(decodeCheckpoint('part')(part));
    expect(from.step).toBe(3);
    expect(Buffer.compare(await bytesAfter({ ...smallTraining(7), from }), whole)).toBe(0);
  });

  test('gives everything back', () =>
    onWasm(async (backend) => {
      const before = backend.stats();
      const run = right(await startTraining(smallTraining(2))(backend)());
      await takeAll(run);
      right(await run.release());
      expect(backend.stats().bytes).toBe(before.bytes);
    }));

  test('fit keeps the averaged parameters alone', () =>
    onWasm(async (backend) => {
      const { params, model } = right(await fit(smallTraining(2))(backend)());
      const parameters = model.params.leaves.length;
      expect(backend.stats().buffers).toBe(parameters);
      right(await release(params)(backend)());
      expect(backend.stats().bytes).toBe(0);
    }));

  test('ends as Cancelled on a signal, and the state stays usable', () =>
    onWasm(async (backend) => {
      const stop = new AbortController();
      const run = right(await startTraining({ ...smallTraining(50), signal: stop.signal })(backend)());
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

describe('a step that is not finite', () => {
  const poisoned: Dataset = {
    ...bars(60),
    batch: (positions) =>
      TE.map(({ labels, images }: { labels: Int32Array; images: Float32Array }) => ({
        labels,
        images: images.fill(NaN),
      }))(bars(60).batch(positions)),
  };

  test('changes nothing, says where it began, and ends the run when it goes on', () =>
    onWasm(async (backend) => {
      const training = { ...smallTraining(50), batch: 1, data: poisoned, oracle: reference() };
      const run = right(await startTraining(training)(backend)());
      const before = right(await run.snapshot());
      const { events, error } = await takeAll(run);
      const after = right(await run.snapshot());
      expect(error?._tag).toBe('NonFinite');
      const first = events.find((e) => e._tag === 'NonFinite');
      expect(first).toMatchObject({ step: 0 });
      expect(first?._tag === 'NonFinite' && first.origin).toMatch(/examples\.x0/);
      for (const [path, { data }] of before.tensors)
        if (path !== 'step') expect(after.tensors.get(path)!.data).toEqual(data);
    }));
});

describe('a checkpoint', () => {
  test('of another model, key or batch is a CheckpointMismatch that names the difference', () =>
    onWasm(async (backend) => {
      const run = right(await startTraining(smallTraining(0))(backend)());
      const from = right(await run.snapshot());
      const resumed = (change: Partial<SmallTraining>): Promise<NoisefoldError> =>
        leftOf(startTraining({ ...smallTraining(3), from, ...change })(backend));
      expect(await resumed({ batch: 5 })).toMatchObject({
        _tag: 'CheckpointMismatch',
        where: expect.stringContaining('batch'),
      });
      expect(await resumed({ key: key(6) })).toMatchObject({
        _tag: 'CheckpointMismatch',
        where: expect.stringContaining('key'),
      });
      const model = right(
        unet({
          image: [8, 8, 1],
          base: 16,
          multipliers: [1, 2],
          blocks: 1,
          groups: 4,
          heads: 2,
          classes: 3,
          predicts: 'v',
        }),
      );
      expect(await resumed({ model })).toMatchObject({
        _tag: 'CheckpointMismatch',
        where: expect.stringContaining('params.'),
      });
    }));

  test('that is cut short, or is another file, is a DecodeError', async () => {
    const bytes = await bytesAfter(smallTraining(1));
    expect(decodeCheckpoint('c')(bytes.subarray(0, bytes.length - 1))).toMatchObject({
      left: { _tag: 'DecodeError' },
    });
    expect(decodeCheckpoint('c')(new Uint8Array(64))).toMatchObject({ left: { _tag: 'DecodeError' } });
  });
});

describe('samples', () => {
  const trained = (backend: Backend) => fit(smallTraining(2))(backend);

  test('are as many as the labels, in [-1, 1], and the same for the same key', () =>
    onWasm(async (backend) => {
      const model = right(await trained(backend)());
      const held = backend.stats().bytes;
      const draw = (labels: readonly number[], batch: number) =>
        sample({ solver: ddim(4), guidance: cfg(2), labels, batch, key: key(1) })(model)(backend)();
      const images = right(await draw([0, 1, 2, 0, 1], 2));
      expect(images.shape).toEqual([5, 8, 8, 1]);
      expect(images.data.every((x) => x >= -1 && x <= 1)).toBe(true);
      expect(right(await draw([0, 1, 2, 0, 1], 2))).toEqual(images);
      expect(backend.stats().bytes).toBe(held);
    }));

  test('of a class that does not exist, or none at all, are a ConfigError', () =>
    onWasm(async (backend) => {
      const model = right(await trained(backend)());
      const wrong = (labels: readonly number[]): Promise<NoisefoldError> =>
        leftOf(sample({ solver: ddim(4), labels, key: key(1) })(model)(backend));
      expect(await wrong([0, 7])).toMatchObject({ _tag: 'ConfigError', actual: '7' });
      expect(await wrong([])).toMatchObject({ _tag: 'ConfigError' });
    }));
});
