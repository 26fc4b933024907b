import { describe, expect, test } from 'vitest';
import { wasm } from '../backends/wasm/backend.js';
import { type Backend, fork, using } from '../dsl/index.js';
import { E, TE } from '../internal/fp.js';
import { positionsOf } from './batches.js';
import { encodeCheckpoint } from '../checkpoints/checkpoint.js';
import type { Batch, Dataset } from './dataset.js';
import { fit } from '../training/fit/fit.js';
import { startTraining } from '../training/fit/run.js';
import type { Snapshot } from '../checkpoints/snapshot.js';
import { bars, leftOf, right, plainTraining } from '../training/testing.js';

type Bars = Dataset<[8, 8, 1]>;

const onWasm = async <A>(effects: (backend: Backend) => Promise<A>): Promise<A> =>
  right(await using(wasm())((backend) => TE.fromTask(() => effects(backend)))());

/** A data set of bars in which one image is changed in every batch that contains it. */
const spoilt = (image: number, change: (batch: Batch, place: number) => Batch, data: Bars = bars(60)): Bars => ({
  ...data,
  batch: (positions) =>
    TE.map((batch: Batch) => {
      const place = positions.indexOf(image);
      return place === -1 ? batch : change(batch, place);
    })(data.batch(positions)),
});
const shining =
  (number: number) =>
  ({ images, labels }: Batch, place: number): Batch => ({
    images: images.with(place * 64 + 5, number),
    labels,
  });
const cut = ({ images, labels }: Batch): Batch => ({ images: images.subarray(1), labels });
const strange = ({ images, labels }: Batch, place: number): Batch => ({
  images,
  labels: labels!.with(place, 3),
});

describe('a wrong last image of a data set in memory is found before anything runs:', () => {
  test.each([
    ['one that is not finite', shining(Number.NaN), 'NonFinite', 'data set: image at 59: expected finite numbers in [-1, 1], got NaN at number 5'],
    ['one out of range', shining(200), 'ConfigError', 'data set: image at 59: expected finite numbers in [-1, 1], got 200 at number 5'],
    ['one of another size', cut, 'ConfigError', 'expected 3840 numbers, for 60 images [8, 8, 1], got 3839'],
    ['one without a class of the model', strange, 'ConfigError', 'data set: label at 59: expected a class of the model, 0 to 2, got 3'],
  ] as const)('%s', (_, change, tag, says) =>
    onWasm(async (backend) => {
      const data = spoilt(59, change);
      const before = backend.stats();
      const result = [
        { ...plainTraining(5), data },
        { ...plainTraining(5), heldOut: { data, every: 3 } },
      ].map((training) => leftOf(startTraining(training)(backend)));
      for (const error of await Promise.all(result)) {
        expect(error._tag).toBe(tag);
        expect(error.message).toContain(says);
      }
      expect(backend.stats()).toEqual(before); // nothing was compiled, nothing uploaded
    }),
  ); // oxfmt-ignore

  test('but not a held-out image that is not measured', () =>
    onWasm(async (backend) => {
      const heldOut = { data: spoilt(59, shining(2)), every: 1, images: 59 };
      const run = right(await startTraining({ ...plainTraining(1), heldOut })(backend)());
      right(await run.release());
    }));

  test.each([0, 2 ** 33])('a set of %i images', (size) =>
    onWasm(async (backend) => {
      const error = await leftOf(startTraining({ ...plainTraining(1), data: { ...bars(1), size } })(backend));
      expect(error.message).toContain(`training: data: expected a data set of 1 to 2^31 - 1 images, got one of size ${size}`);
    })); // oxfmt-ignore
});

test('a signal ends the check of a large data set, which is checked in parts', () =>
  onWasm(async (backend) => {
    const stop = new AbortController();
    const asked: number[] = [];
    const large: Bars = {
      ...bars(60),
      size: 40_000, // of 64 numbers: 16,384 images are checked at a time
      batch: (positions) => {
        asked.push(positions.length);
        stop.abort();
        return bars(60).batch(positions.map((position) => position % 60));
      },
    };
    const training = { ...plainTraining(1), data: large, signal: stop.signal };
    expect(await leftOf(startTraining(training)(backend))).toMatchObject({
      _tag: 'Cancelled',
      where: 'training: data, image 16384',
    });
    expect(asked).toEqual([16_384]);
  }));

describe('a bad image of a data set that is loaded in pieces ends the run when it is loaded, and', () => {
  /** It comes in the fifth batch. */
  const late = positionsOf({ key: fork(plainTraining(0).key, 'data').data, size: 60, batch: 6 })(4)[2]!;
  const lazy: Bars = { ...spoilt(late, shining(Number.NaN)), inMemory: false };
  const bytesOf = (snapshot: Snapshot): Uint8Array => right(encodeCheckpoint(snapshot));
  const snapshotAfter = (training: ReturnType<typeof plainTraining>) =>
    onWasm(async (backend) => {
      const run = right(await startTraining(training)(backend)());
      let error: unknown;
      for await (const event of run.events) if (E.isLeft(event)) error = event.left;
      return { snapshot: right(await run.snapshot()), error };
    });

  test('the state is that of the last step: resumed without the image, the run ends as if it had never been there', async () => {
    const { snapshot, error } = await snapshotAfter({ ...plainTraining(10), data: lazy });
    expect(error).toMatchObject({ _tag: 'NonFinite', where: `data set: image at ${late}` });
    expect(snapshot.step).toBe(4);
    const resumed = await snapshotAfter({ ...plainTraining(10), from: snapshot });
    const whole = await snapshotAfter(plainTraining(10));
    expect(Buffer.compare(bytesOf(resumed.snapshot), bytesOf(whole.snapshot))).toBe(0);
  });

  test('fit passes the error to onError, whose own error takes precedence', () =>
    onWasm(async (backend) => {
      const saved: number[] = [];
      const training = { ...plainTraining(10), data: lazy };
      const heard = await leftOf(
        fit({
          ...training,
          onError: (error, run) =>
            TE.map(({ step }: Snapshot) => void saved.push(step, error._tag === 'NonFinite' ? 1 : 0))(run.snapshot),
        })(backend),
      );
      expect(heard._tag).toBe('NonFinite');
      expect(saved).toEqual([4, 1]);
      const own = { ...heard, where: 'disk' };
      expect(await leftOf(fit({ ...training, onError: () => TE.left(own) })(backend))).toEqual(own);
      expect(backend.stats().bytes).toBe(0);
    })); // oxfmt-ignore
});
