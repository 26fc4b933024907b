/** Tests which functions a resumed run compares, and how: by names and settings. */
import { describe, expect, test } from 'vitest';
import { onWasm, takeAll } from '../../../properties/training/onWasm.js';
import {
  conditioningAugmentation,
  cosine,
  ddpm,
  type ImageConditioner,
  importanceTimesteps,
  minSnrWeight,
  type Model,
  type Objective,
  predictionErrors,
  simpleLosses,
  superResolution,
  type TimeDraw,
  uniformTimes,
  weightedBy,
} from '../../diffusion/index.js';
import { abs, add, type Backend, type Dim, key, meanPerSample, pow, type Scalar, zerosLike } from '../../dsl/index.js';
import { adam, allZeros, parameter } from '../../nn/index.js';
import { decodeCheckpoint, encodeCheckpoint } from '../../checkpoints/checkpoint.js';
import type { Snapshot } from '../../checkpoints/snapshot.js';
import type { Coupling } from '../couplings/coupling.js';
import { optimalTransport } from '../couplings/optimalTransport.js';
import { augmented, type Augmentation, randomCrop, randomFlip } from '../../data/augmented.js';
import { type Dataset, datasetOf } from '../../data/dataset.js';
import { leftOf, right } from '../testing.js';
import { anonymousText } from './anonymous.js';
import { startTraining } from './run.js';
import { trainingSettings } from './settings.js';
import type { Training } from './training.js';

type Image = [2, 2, 1];

const model: Model<Scalar, Image> = {
  ...parameter(allZeros),
  predicts: 'x0',
  apply: (w, x) => add(zerosLike(x), w),
};
const data: Dataset<Image> = right(datasetOf({ pixels: Uint8Array.of(0, 9, 99, 255, 1, 2, 3, 200), image: [2, 2, 1] }));
const noising = right(ddpm(cosine(10)));
const training = (change: Partial<Training<Scalar, Image>> = {}): Training<Scalar, Image> => ({
  ...{ model, data, noising, optimizer: adam({ learningRate: 0.1 }), batch: 2, steps: 2, key: key(7) },
  ...change,
});

/** The snapshot of a new run, through the bytes of a file. */
const begun = async (of: Training<Scalar, Image>, backend: Backend): Promise<Snapshot> => {
  const run = right(await startTraining(of)(backend)());
  const snapshot = right(await run.snapshot());
  right(await run.release());
  return right(decodeCheckpoint('c')(right(encodeCheckpoint(snapshot))));
};
const resumes = async (of: Training<Scalar, Image>, backend: Backend) =>
  right(await right(await startTraining(of)(backend)()).release());

const byPower = (power: number): Objective => (noising, denoiser, options) => {
  const errors = predictionErrors(noising, denoiser, options);
  return (params, inputs) => {
    const { error, t } = errors(params, inputs);
    return { losses: meanPerSample(pow(abs(error), power)), t };
  };
}; // oxfmt-ignore

describe('augmentations', () => {
  const faded = (share: number): Augmentation => {
    const fade: Augmentation = ({ data, shape }) => ({ data: data.map((x) => share * x), shape });
    return Object.assign(fade, { settings: { share } });
  };
  const mirrored: Augmentation = randomFlip({ probability: 1 });
  const by = (augmentations: readonly Augmentation[]) => training({ data: augmented(data, augmentations) });

  test.each<[string, readonly Augmentation[] | null, readonly Augmentation[] | null, string]>([
    ['in place of none', null, [randomFlip()], ''],
    ['that were left out', [randomFlip()], null, ''],
    ['with another option', [randomFlip()], [mirrored], '.0.randomFlip.probability'],
    ['with another default', [randomCrop({ padding: 1 })], [randomCrop({ padding: 1, fill: 'edge' })], '.0.randomCrop.fill'],
    ['with one more', [randomFlip()], [randomFlip(), randomCrop({ padding: 1 })], '.1'],
    ['in another order', [randomFlip(), randomCrop({ padding: 1 })], [randomCrop({ padding: 1 }), randomFlip()], '.0.randomCrop'],
    ['with other settings of a function of the caller', [faded(0.5)], [faded(0.25)], '.0.fade.share'],
  ])('%s are refused on resuming', (_, before, after, path) =>
    onWasm(async (backend) => {
      const [old, other] = [before, after].map((some) => (some === null ? training() : by(some))) as [Training<Scalar, Image>, Training<Scalar, Image>]; // as many
      const from = await begun(old, backend);
      await resumes({ ...old, from }, backend);
      await resumes({ ...other, from, allowOtherSettings: true }, backend);
      expect(await leftOf(startTraining({ ...other, from })(backend))).toMatchObject({
        _tag: 'CheckpointMismatch',
        where: `checkpoint of step 0: settings.data.augmentations${path}`,
      });
    }),
  ); // oxfmt-ignore

  test('are named in the order in which they change an image, also if a data set is augmented twice', () => {
    const plain: Augmentation[] = [randomCrop({ padding: 1 }), (image) => image];
    expect(augmented(augmented(data, [randomFlip()]), plain).augmentations).toEqual([
      { randomFlip: { probability: 0.5, direction: 'horizontal' } },
      { randomCrop: { padding: 1, fill: 'black' } },
      'a function',
    ]);
  });

  test('with settings that are not JSON are an error', async () => {
    const error = await leftOf(trainingSettings(by([Object.assign(faded(1), { settings: { share: Number.NaN } })])));
    expect(error).toMatchObject({ where: 'training: settings.data.augmentations.0.fade.share' });
  });
});

test('settings of a draw of times, a condition and a coupling are stored', async () => {
  const settings = { power: 2 };
  const times: TimeDraw = Object.assign<TimeDraw, object>((noising) => uniformTimes(noising), { settings });
  const coupling: Coupling = Object.assign<Coupling, object>(({ images }) => images, { settings });
  const condition = Object.assign(superResolution({ factor: 2 }), { settings });
  const stated = right(await trainingSettings(training({ times, coupling, conditions: { small: condition } }))());
  expect(stated).toMatchObject({ times: settings, coupling: settings, 'conditions.small': settings });
});

describe('a function without a name and settings', () => {
  const message =
    'the loss has neither a name nor settings, so that a resumed run cannot tell whether it is the same: name the function, or state what it was made from by Object.assign(loss, { settings: { power: 1 } })';
  const eventsOf = (of: Training<Scalar, Image>) =>
    onWasm(async (backend) => {
      const run = right(await startTraining(of)(backend)());
      const { events } = await takeAll(run);
      right(await run.release());
      return events;
    });

  test('gives one warning, before all other events', async () => {
    const events = await eventsOf(training({ loss: byPower(1), heldOut: { data, every: 1 } }));
    expect(events[0]).toEqual({ _tag: 'Warning', step: 0, about: 'settings', message });
    expect(events.slice(1).map(({ _tag }) => _tag)).toEqual(['HeldOut', 'Step', 'HeldOut', 'Step', 'HeldOut']);
  });

  test('gives a warning when a run resumes, but none if no steps are left', () =>
    onWasm(async (backend) => {
      const from = await begun(training({ loss: byPower(1), steps: 0 }), backend);
      const resumed = right(await startTraining(training({ loss: byPower(2), from }))(backend)());
      expect((await takeAll(resumed)).events[0]).toMatchObject({ about: 'settings', message });
      right(await resumed.release());
      expect(await eventsOf(training({ loss: byPower(1), steps: 0 }))).toEqual([]);
    }));

  const named: Objective = (...parts) => byPower(1)(...parts);
  const task = superResolution({ factor: 2 });
  const ownTask = (): ImageConditioner<[Dim, Dim, Dim]> => (x0, k) => task(x0, k);
  const cases: readonly (readonly [string, object, string | null])[] = [
    ['the usual functions', {}, null],
    ['a name', { loss: named }, null],
    ['settings', { loss: Object.assign(byPower(1), { settings: { power: 1 } }) }, null],
    ['a weighting of a named loss', { loss: weightedBy(minSnrWeight())(simpleLosses) }, null],
    ['an adaptive draw', { times: importanceTimesteps() }, null],
    ['a draw of the library', { times: uniformTimes }, null],
    ['a coupling of the library', { coupling: optimalTransport() }, null],
    ['conditions of the library', { conditions: { small: conditioningAugmentation(noising)(task) } }, null],
    ['augmentations of the library', { data: augmented(data, [randomFlip()]) }, null],
    ['a `config` of the caller', { loss: byPower(1), config: { power: 1 } }, null],
    ['noise on a condition with settings', { conditions: { small: conditioningAugmentation(noising)(Object.assign(ownTask(), { settings: 1 })) } }, null],
    ['a weighting', { loss: weightedBy(minSnrWeight())(byPower(1)) }, 'the loss has'],
    ['a draw', { times: ((f) => f)((of: never) => uniformTimes(of)) }, 'the draw of times has'],
    ['a coupling', { coupling: ((f) => f)(() => new Float32Array(8)) }, 'the coupling has'],
    ['a condition with noise', { conditions: { small: conditioningAugmentation(noising)(ownTask()) } }, 'a condition has'],
    ['an augmentation', { data: augmented(data, [(image) => image]) }, 'an augmentation has'],
    ['an augmentation with a `config`', { data: augmented(data, [(image) => image]), config: null }, 'an augmentation has'],
    ['two functions', { loss: byPower(1), coupling: ((f) => f)(() => new Float32Array(8)) }, 'the loss and the coupling have'],
  ]; // oxfmt-ignore
  test.each(cases)('%s', (_, change, says) => {
    const text = anonymousText(training(change));
    if (says === null) expect(text).toBeNull();
    else expect(text?.startsWith(says)).toBe(true);
  });
});
