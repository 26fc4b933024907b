/** Training, held-out losses and measurements with conditions of every kind from the data. */
import { describe, expect, test } from 'vitest';
import { bytesAfter, takeAll } from '../../../properties/training/onWasm.js';
import { reference } from '../../backends/reference/index.js';
import { type ConditionDropout, cosine, ddpm, type Model } from '../../diffusion/index.js';
import { type Backend, fullLike, key, mul, type Scalar, using } from '../../dsl/index.js';
import { TE } from '../../internal/fp.js';
import { adam, allOnes, parameter } from '../../nn/index.js';
import { decodeCheckpoint } from '../../checkpoints/checkpoint.js';
import { datasetOf } from '../../data/dataset.js';
import { datasetOfImages } from '../../data/imageData.js';
import { logLikelihoods } from '../measure/logLikelihoods.js';
import { variationalBound } from '../measure/variationalBound.js';
import { kinds, leftOf, right, sumOfConditions } from '../testing.js';
import { fit } from './fit.js';
import { startTraining } from './run.js';
import type { Training } from './training.js';

type Size = [1, 1, 1];
/** A thousandth of the sum of the conditions, times a parameter. */
const model: Model<Scalar, Size> = {
  ...parameter(allOnes),
  predicts: 'x0',
  conditions: kinds,
  apply: (w, x, at) => mul(mul(sumOfConditions(x, at), 0.001), w),
};
const tokens = (...numbers: readonly number[]) => ({ data: numbers, shape: [numbers.length, 1] });
const conditions = {
  hair: ['long', 'short', null, 'long'],
  palette: [Float32Array.of(1, 2), null, [0, 3], [4, 0]],
  words: [tokens(1), tokens(), tokens(1, 2, 3), null],
  sketch: { data: Float32Array.of(0.5, 0.25, 0, -0.5), shape: [4, 1, 1, 1] },
};
/** The predictions for these conditions, in thousandths. */
const sums = [1 + 30 + 100 + 0.5, 0.25, 2 + 30 + 600, 1 + 40 - 0.5];
const exact = right(datasetOfImages({ data: Float32Array.from(sums, (x) => x / 1000), shape: [4, 1, 1, 1] }, { image: [1, 1, 1], conditions })); // oxfmt-ignore
const one = { data: new Float32Array(1), shape: [1, 1, 1, 1] } as const;
const noising = right(ddpm(cosine(10)));
const training = (change: Partial<Training<Scalar, Size>> = {}): Training<Scalar, Size> => ({
  ...{
    model,
    noising,
    data: exact,
    optimizer: adam({ learningRate: 0.1 }),
    batch: 4,
    steps: 1,
    key: key(7),
    config: {},
  },
  ...change,
});
const on = <A>(work: (backend: Backend) => Promise<A>): Promise<A> =>
  using(reference())((backend) => TE.fromTask(() => work(backend)))().then(right);

/** The losses of a training, by the kind of the event. */
const lossesOf = (change: Partial<Training<Scalar, Size>>) =>
  on(async (backend) => {
    const run = right(await startTraining(training(change))(backend)());
    const { events, error } = await takeAll(run);
    right(await run.release());
    expect(error).toBeNull();
    return events.flatMap((event) =>
      event._tag === 'Step' || event._tag === 'HeldOut' ? [[event._tag, event.loss] as const] : [],
    );
  });
const meanSquare = (errors: readonly number[]): number =>
  errors.reduce((sum, x) => sum + (x / 1000) ** 2, 0) / errors.length;

describe('a training with conditions from its data', () => {
  test('gives each image its values, and so do held-out losses', async () => {
    const [, ...steps] = await lossesOf({ heldOut: { data: exact, every: 9 }, accumulate: 2 });
    expect(steps).toEqual([['Step', expect.closeTo(0, 14)]]);
    const others = [200, 0, -300, 100];
    const data = right(datasetOfImages({ data: Float32Array.from(sums, (x, i) => (x + others[i]!) / 1000), shape: [4, 1, 1, 1] }, { image: [1, 1, 1], conditions })); // oxfmt-ignore
    const [[, held], [, step]] = (await lossesOf({ data: exact, heldOut: { data, every: 9 } })) as [[string, number], [string, number]]; // oxfmt-ignore
    expect(held).toBeCloseTo(meanSquare(others), 7);
    expect(step).toBeLessThan(1e-14);
  });

  test.each<[string, ConditionDropout, readonly number[]]>([
    ['all of them', 1, [1 - 130.5, 1.75, -630, 1 - 39.5]],
    ['all of them together', { together: 1 }, [1 - 130.5, 1.75, -630, 1 - 39.5]],
    ['each of them', { each: 1 }, [1 - 130.5, 1.75, -630, 1 - 39.5]],
    ['one of them', { each: { words: 1 } }, [-100, 0, -600, 0]],
    ['two of them', { each: { hair: 1, palette: 1 } }, [1 - 30, 2, -30, 1 - 40]],
  ])('drops %s, but not in held-out losses', async (_, conditionDropout, errors) => {
    // without hair its class is 2; a value of none is otherwise 0
    const [[, held], [, step]] = (await lossesOf({ conditionDropout, heldOut: { data: exact, every: 9 } })) as [[string, number], [string, number]]; // oxfmt-ignore
    expect(held).toBeLessThan(1e-14);
    expect(step).toBeCloseTo(meanSquare(errors), 7);
  });

  test('drops each of them independently', async () => {
    const n = 4000;
    const images = { data: new Float32Array(n), shape: [n, 1, 1, 1] } as const;
    const data = right(datasetOfImages(images, { image: [1, 1, 1], conditions: { hair: new Int32Array(n).fill(1), palette: { data: new Float32Array(2 * n).fill(0.1), shape: [n, 2] } } })); // oxfmt-ignore
    const { hair, palette } = kinds;
    const both = { ...model, conditions: { hair, palette } };
    const [[, loss]] = (await lossesOf({ model: both, data, batch: n, conditionDropout: { each: 0.5 } })) as [
      [string, number],
    ];
    // a sum of 1 or 2 and of 2 or 0, each with probability 1/2; the standard error is 0.071 thousandths squared
    expect(Math.abs(loss * 1e6 - (1 + 4 + 9 + 16) / 4)).toBeLessThan(0.4);
  });

  test('and dropout resumes to the same bits', async () => {
    const of = (steps: number) =>
      training({ steps, batch: 2, conditionDropout: { together: 0.2, each: { hair: 0.3 } } });
    const from = right(decodeCheckpoint('part')(await bytesAfter(of(2))));
    expect(from.step).toBe(2);
    expect(Buffer.compare(await bytesAfter({ ...of(4), from }), await bytesAfter(of(4)))).toBe(0);
    const data = right(datasetOf({ pixels: Uint8Array.of(1, 2, 3, 4), image: [1, 1, 1], conditions: { ...conditions, hair: [1, 1, 1, 1] } })); // oxfmt-ignore
    const error = await on((backend) => leftOf(startTraining({ ...of(4), data, from })(backend)));
    expect(error).toMatchObject({ _tag: 'CheckpointMismatch', where: expect.stringContaining('settings.data.images') });
  });

  test.each<[string, Partial<Training<Scalar, Size>>, string]>([
    ['of a name that the model does not have', { conditionDropout: { each: { hat: 0.1 } } }, 'conditionDropout: each.hat: expected one of the conditions hair, palette, words, sketch'],
    ['of conditions that are all required', { conditionDropout: 0.1, batch: 1, data: right(datasetOfImages(one, { conditions: { palette: [[1, 2]] } })), model: { ...model, conditions: { palette: { vector: 2, required: true } } } }, 'conditionDropout: expected a denoiser with a condition that may be left out, got a denoiser that requires all of them'],
    ['of a probability above 1', { conditionDropout: { each: { hair: 2 } } }, 'training.conditionDropout'],
  ])('refuses dropout %s', async (_, change, message) => {
    expect((await on((backend) => leftOf(startTraining(training(change))(backend)))).message).toContain(message);
  }); // oxfmt-ignore
});

describe('the classes of data are those of the model by name', () => {
  const dataOf = (about: object) => right(datasetOfImages(one, { image: [1, 1, 1], ...about }));
  const short: Model<Scalar, Size> = { ...model, conditions: { hair: kinds.hair } };

  test.each<[string, object, number]>([
    ['names, of which not all occur', { conditions: { hair: ['long'] } }, 1],
    ['numbers without names', { conditions: { hair: [1] } }, 1],
    ['numbers of names in another order', { conditions: { hair: [0] }, names: { hair: ['long', 'short'] } }, 1],
    ['no class', { conditions: { hair: [null] }, names: { hair: ['long', 'short'] } }, 2],
  ])('%s', async (_, about, label) => {
    const data = dataOf(about);
    const losses = await lossesOf({ model: short, data, batch: 1, heldOut: { data, every: 9 } });
    for (const [, loss] of losses) expect(Math.sqrt(loss) * 1000).toBeCloseTo(label, 7);
  });

  test('and numbers beside names are refused, because it is not known what they count', () => {
    const two = { data: new Float32Array(2), shape: [2, 1, 1, 1] } as const;
    expect(datasetOfImages(two, { conditions: { hair: ['long', 1] } })).toMatchObject({
      left: { _tag: 'DecodeError', message: 'data set: conditions.hair: expected names of classes, or numbers, got "long" and 1; give the names in the order of the numbers: names: { hair: […] }' },
    }); // oxfmt-ignore
  });

  test('and other names are refused before the first step', async () => {
    const data = dataOf({ conditions: { hair: [0] }, names: { hair: ['short', 'grey'] } });
    const error = await on((backend) => leftOf(startTraining(training({ model: short, data, batch: 1 }))(backend)));
    expect(error.message).toBe(
      'training.data.names.hair: expected names of the classes of the model: short, long, got "grey"; make the model with the names of the data; data that are made with `names` of the model say which image it is',
    );
    const known = dataOf({ conditions: { hair: ['grey'] }, names: { hair: ['short', 'long'] } });
    const refusal = await on((backend) =>
      leftOf(startTraining(training({ model: short, data: known, batch: 1 }))(backend)),
    );
    expect(refusal).toMatchObject({ where: 'data set: hair at 0', actual: '"grey"' });
  });

  test('a trained model keeps the names of its conditions, which are those of the data if it has none', async () => {
    const namesAfter = (hair: object, about: object) =>
      on(async (backend) => {
        const of = { ...model, conditions: { hair: { classes: 2, ...hair } } };
        return right(
          await fit({ ...training({ model: of, data: dataOf(about), batch: 1 }), onEvent: () => {} })(backend)(),
        ).names;
      });
    const about = { conditions: { hair: [0] }, names: { hair: ['long', 'short'], other: ['a'] } };
    expect(await namesAfter({}, about)).toEqual({ hair: ['long', 'short'] });
    expect(await namesAfter({ names: ['short', 'long'] }, about)).toEqual({ hair: ['short', 'long'] });
    expect(await namesAfter({}, { conditions: { hair: [0] } })).toBeUndefined();
  });
});

test('measurements take the conditions of each image from the data', () =>
  on(async (backend) => {
    const { params } = right(await fit({ ...training({ steps: 0 }), onEvent: () => undefined })(backend)());
    const trained = { model, noising, image: [1, 1, 1], params } as const;
    const pixels = Uint8Array.of(255, 0);
    const bytes = right(datasetOf({ pixels, image: [1, 1, 1], conditions: { palette: [[60, 40], [-50, -50]], words: [null, tokens()] } })); // oxfmt-ignore
    const { palette, words } = kinds;
    const some = { ...trained, model: { ...model, conditions: { palette, words } } };
    const { x0Errors } = right(await variationalBound(some, { data: bytes, batch: 1, key: key(2) })(backend)());
    x0Errors.forEach((error) => expect(error).toBeLessThan(1e-12));
    const measuring = { data: exact, key: key(2) };
    const { nats } = right(await logLikelihoods(trained, { ...measuring, batch: 3 })(backend)());
    for (const [i, sum] of sums.entries()) {
      const apply: Model<Scalar, Size>['apply'] = (_, x) => fullLike(x, sum / 1000);
      const alone = { ...trained, model: { ...parameter(allOnes), predicts: 'x0', apply } } as const;
      const own = right(await logLikelihoods(alone, { ...measuring, first: i, images: 1, batch: 1 })(backend)());
      expect(nats[i]).toBeCloseTo(own.nats[0]!, 6);
    }
  }));
