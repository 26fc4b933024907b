/** Samples of a model with conditions of every kind: classes, vectors, tokens and images. */
import { describe, expect, test } from 'vitest';
import { reference } from '../../backends/reference/index.js';
import { cfg, cosine, ddim, ddpm, type Model, uncorrected } from '../../diffusion/index.js';
import { type Backend, key, using } from '../../dsl/index.js';
import { TE } from '../../internal/fp.js';
import { layer } from '../../nn/index.js';
import type { Trained } from '../../checkpoints/trained.js';
import { reflowPairs } from '../couplings/reflowPairs.js';
import { kinds, leftOf, right, sumOfConditions } from '../testing.js';
import { encode } from './encode.js';
import { prepareSampling } from './prepareSampling.js';
import { sample } from './sample.js';
import { sampleAdaptive } from './sampleAdaptive.js';
import type { HostConditions } from '../../conditions/hostValues.js';
import type { Sampling } from './sampling.js';

type Size = [1, 1, 1];
const model: Model<object, Size> = {
  ...layer({}, () => null),
  predicts: 'x0',
  conditions: kinds,
  apply: (_, x, at) => sumOfConditions(x, at),
};
const trained: Trained<object, Size> = { model, noising: right(ddpm(cosine(10))), image: [1, 1, 1], params: {} };
const drawing = { solver: ddim(), grid: 2, key: key(3), correction: uncorrected } as const;

const tokens = (...numbers: readonly number[]) => ({ data: numbers, shape: [numbers.length, 1] });
const sketch = (...levels: readonly number[]) => ({
  data: Float32Array.from(levels.flatMap((level) => [level, 0])),
  shape: [levels.length, 1, 2, 1] as const,
});
/** The values of four samples. The means of the sketches are 0.5, 0.25, 0 and -0.5. */
const values = {
  hair: ['long', 0, null, 1],
  palette: [Float32Array.of(1, 2), null, [0, 3], [4, 0]],
  words: [tokens(1), tokens(), tokens(1, 2, 3), null],
  sketch: sketch(1, 0.5, 0, -1),
};
const expected = [1 + 30 + 100 + 0.5, 0.25, 2 + 30 + 600, 1 + 40 - 0.5];

const on = <A>(work: (backend: Backend) => Promise<A>): Promise<A> =>
  using(reference())((backend) => TE.fromTask(() => work(backend)))().then(right);
const draw = (change: Partial<Sampling>): Promise<readonly number[]> =>
  on(async (backend) => [...right(await sample({ ...drawing, ...change })(trained)(backend)()).data]);
const errorOf = (change: object, of = trained): Promise<string> =>
  on(async (backend) => (await leftOf(sample({ ...drawing, ...change })(of)(backend))).message);

/** The values of sample `i` alone. */
const alone = (i: number) => ({
  hair: [values.hair[i]!],
  palette: [values.palette[i]!],
  words: [values.words[i]!],
  sketch: { data: values.sketch.data.slice(2 * i, 2 * i + 2), shape: [1, 1, 2, 1] },
});

describe('samples with conditions of several kinds', () => {
  test.each([4, 3, 1])('get the values of each sample, %i at a time', async (batch) => {
    expect(await draw({ conditions: values, batch })).toEqual(expected);
  });

  test('equal those of each sample alone', async () => {
    for (let i = 0; i < 4; i++) expect(await draw({ conditions: alone(i), first: i })).toEqual([expected[i]]);
  });

  test('take the values of all samples in one array', async () => {
    const conditions = {
      hair: Int32Array.of(1, 0),
      palette: { data: [1, 2, 0, 3], shape: [2, 2] },
      words: { data: [1, 2, 3, 4], shape: [2, 2, 1], mask: [true, false, true, true] },
    };
    expect(await draw({ conditions })).toEqual([1 + 30 + 100, 0 + 30 + 700]);
  });

  test('share the value of one sample, and have none where a condition is left out', async () => {
    const { palette } = values;
    expect(await draw({ conditions: { palette, words: [tokens(2)], sketch: sketch(1) } })).toEqual([
      230.5, 200.5, 230.5, 240.5,
    ]);
    expect(await draw({ conditions: { hair: ['long'] }, count: 3, batch: 2 })).toEqual([1, 1, 1]);
  });

  test('are guided by one condition after the other', async () => {
    // without both 2, with palette alone 2 + 30, with both 1 + 30
    const guidance = cfg({ palette: 2, hair: 3 });
    expect(await draw({ conditions: { hair: ['long'], palette: [[1, 2]] }, guidance })).toEqual([2 + 2 * 30 + 3 * -1]);
  });

  test('are those of a prepared sampling, whose requests may have other conditions', () =>
    on(async (backend) => {
      const { solver, grid, correction } = drawing;
      const prepared = right(await prepareSampling(trained, { solver, grid, correction, batch: 2 })(backend)());
      const of = async (conditions: HostConditions) => [
        ...right(await prepared.sample({ key: key(3), conditions })()).data,
      ];
      expect(await of(values)).toEqual(expected);
      expect(await of({ hair: values.hair })).toEqual([1, 0, 2, 1]);
      expect(await of(alone(2))).toEqual([expected[2]]);
      right(await prepared.release());
    }));

  test('are drawn by adaptive steps too', () =>
    on(async (backend) => {
      const how = { key: key(3), conditions: values, correction: uncorrected };
      const { data } = right(await sampleAdaptive(trained, how)(backend)());
      expected.forEach((x, i) => expect(data[i]).toBeCloseTo(x, 3));
    }));

  test('decode the noise that encode makes of images with the same conditions', () =>
    on(async (backend) => {
      const images = { data: Float32Array.of(0.5, -0.5), shape: [2, 1, 1, 1] } as const;
      const conditions = { hair: ['short', 'long'], palette: [[0.02, 0.03]] };
      const { grid, correction } = drawing;
      const noise = right(await encode(trained, { images, conditions, grid, correction })(backend)());
      const one = right(await encode(trained, { images, conditions: { hair: [1], palette: [[0.02, 0.03]] }, grid, correction })(backend)()); // oxfmt-ignore
      expect(noise.data[1]).toBe(one.data[1]);
      expect(noise.data[0]).not.toBe(one.data[0]);
      const from = { noise };
      const again = right(await sample(trained, { ...drawing, conditions, from })(backend)());
      [0.5, 1.5].forEach((x, i) => expect(again.data[i]).toBeCloseTo(x, 5));
    }));
});

describe('values of conditions are refused', () => {
  const labelled: typeof trained = { ...trained, model: { ...model, conditions: { label: { classes: 2 } } } };
  const required: typeof trained = { ...trained, model: { ...model, conditions: { ...kinds, palette: { vector: 2, required: true } } } }; // oxfmt-ignore

  test.each<[string, object, string, Trained<object, Size>?]>([
    ['for numbers of samples that differ', { conditions: { hair: [0, 1], palette: [[1, 2], null, null] } }, 'sample: conditions.palette: expected a value for each of 2 samples, or for one, got 3; hair has 2 values'],
    ['for another count', { conditions: { hair: [0, 1] }, count: 3 }, 'sample: conditions.hair: expected a value for each of 3 samples, or for one, got 2; leave the count out, or give as many values'],
    ['beside labels', { labels: [0], conditions: { label: [0] } }, 'sample: labels: expected labels, or conditions.label, got both; leave one of them out', labelled],
    ['if a required one is missing', { conditions: { hair: [0] } }, 'sample: conditions.palette: expected a value of each sample: the model needs palette, got none; give conditions: { palette: … }', required],
    ['if a required one is null', { conditions: { palette: [[1, 2], null] } }, 'sample: palette of sample 1: expected a value: the model needs palette, got null', required],
    ['if a training never dropped them', { conditions: { palette: [[1, 2]] } }, 'sample: conditions.hair: expected a value of each sample: the model needs hair', { ...trained, conditionDropout: { each: { palette: 0.1 } } }],
    ['of another name', { conditions: { hiar: [0] } }, 'sample: conditions.hiar: expected one of the conditions hair, palette, words, sketch, got a condition that the model does not take; did you mean hair?'],
    ['of another class', { conditions: { hair: [0, 'lang'] } }, 'sample: hair of sample 1: expected a class: short, long, got "lang"; did you mean long?'],
    ['of another length', { conditions: { palette: [[1, 2], [1, 2, 3]] } }, 'sample: palette of sample 1: expected 2 numbers, or null for none, got 3 numbers'],
    ['that are not finite', { conditions: { palette: [[1, 2], [1, Number.NaN]] } }, 'sample: palette of sample 1: expected finite numbers of float32, got NaN'],
    ['with too many tokens', { conditions: { words: [null, tokens(1, 2, 3, 4)] } }, 'sample: words of sample 1: expected at most 3 tokens, got 4; cut them, or make the model with a greater length'],
    ['with tokens of another size', { conditions: { words: [{ data: [1, 2], shape: [1, 2] }] } }, 'sample: words of sample 0: expected tokens [N, 1], or null for none, got 2 numbers of [1, 2]'],
    ['with a mask of another length', { conditions: { words: { data: [1, 2], shape: [1, 2, 1], mask: [true] } } }, 'sample: conditions.words.mask: expected 2 booleans, [1, 2], got 1'],
    ['of bytes', { conditions: { sketch: { data: Uint8Array.of(0, 255), shape: [1, 1, 2, 1] } } }, 'sample: conditions.sketch.data: expected numbers in a Float32Array, got a Uint8Array'],
  ])('%s', async (_, change, message, of) => expect(await errorOf(change, of)).toContain(message)); // oxfmt-ignore
});

test('pairs for reflow keep the values of each sample, and the names of the model', () =>
  on(async (backend) => {
    const { solver, grid, correction } = drawing;
    const conditions = { ...values, hair: ['long', 0, null, 1], sketch: sketch(1) };
    const { data } = right(
      await reflowPairs(trained, { solver, grid, correction, key: key(3), conditions })(backend)(),
    );
    expect(data.names).toEqual({ hair: ['short', 'long'] });
    const batch = right(await data.batch(Int32Array.of(2, 0))());
    expect([...batch.images]).toEqual([2 + 30 + 600 + 0.5, 1 + 30 + 100 + 0.5]);
    expect(batch.conditions).toMatchObject({
      hair: [null, 'long'],
      palette: [values.palette[2], values.palette[0]],
      words: [values.words[2], values.words[0]],
      sketch: { data: Float32Array.of(1, 0, 1, 0), shape: [2, 1, 2, 1] },
    });
  }));
