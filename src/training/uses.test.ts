import { describe, expect, test } from 'vitest';
import { wasm } from '../backends/wasm/backend.js';
import {
  cosine,
  ddim,
  ddimInversion,
  ddpm,
  exactDenoiser,
  type Grid,
  type Model,
  overParams,
  trailing,
} from '../diffusion/index.js';
import { type Backend, key, onesLike, tanh, using } from '../dsl/index.js';
import { E, TE } from '../internal/fp.js';
import { layer } from '../nn/index.js';
import { encode, type Encoding } from './sample/encode.js';
import type { GivenBeginning, GivenKnown } from './sample/givenImages.js';
import type { Images } from '../data/images.js';
import { sample } from './sample/sample.js';
import type { Trained } from '../checkpoints/trained.js';
import type { Sampling } from './sample/sampling.js';
import { right } from './testing.js';

const noising = right(ddpm(cosine(1000)));
const trained = (model: Model<object, [2, 2, 2]>): Trained<object, [2, 2, 2]> => ({ model, noising, image: [2, 2, 2], params: {} }); // oxfmt-ignore
const white = trained({ ...layer({}, () => null), predicts: 'x0', apply: (_, x) => onesLike(x) });
const moving = trained({ ...layer({}, () => null), predicts: 'x0', apply: (_, x) => tanh(x) });

const onWasm = async <A>(effects: (backend: Backend) => Promise<A>): Promise<A> =>
  right(await using(wasm())((backend) => TE.fromTask(() => effects(backend)))());

const parts = { solver: ddim(), grid: trailing(8), key: key(4) } as const;
const outcome = (change: Partial<Sampling>, of = moving) =>
  onWasm((backend) => sample({ ...parts, ...change })(of)(backend)());
const samples = async (change: Partial<Sampling>, of = moving): Promise<Images> => right(await outcome(change, of));

/** Images of two channels whose numbers are all different. */
const images = (count: number): Images => ({
  data: Float32Array.from({ length: count * 8 }, (_, i) => ((i * 37) % 19) / 10 - 0.9),
  shape: [count, 2, 2, 2],
});
/** The left column of pixels is known. */
const mask: Images = { data: Float32Array.of(1, 0, 1, 0), shape: [1, 2, 2, 1] };

const distance = (a: Images, b: Images): number =>
  Math.hypot(...a.data.map((x, i) => x - b.data[i]!)) / Math.hypot(...b.data);

describe('samples that keep a part of images', () => {
  test('keep it bit for bit, and the rest comes from the model; the last batch is filled up', async () => {
    const known = { images: images(3), mask };
    const painted = await samples({ known, batch: 2 }, white);
    expect(painted.shape).toEqual([3, 2, 2, 2]);
    const columns = painted.data.map((x, i) => (i % 4 < 2 ? x - known.images.data[i]! : x - 1));
    expect(columns).toEqual(new Float32Array(24));
  });

  test('may be many from one image, and each channel may have its own mask', async () => {
    const one = { images: images(1), mask: { data: Float32Array.of(1, 0, 1, 0, 1, 0, 1, 0), shape: [1, 2, 2, 2] } as const }; // oxfmt-ignore
    const painted = await samples({ known: one, count: 3 }, white);
    for (const [i, x] of painted.data.entries()) expect(x).toBe(i % 2 === 0 ? one.images.data[i % 8] : 1);
  });

  test('repeat each group of steps as often as they resample, except at the noisy end, as in RePaint', async () => {
    const steps: number[] = [];
    const known = { images: images(1), mask, resamples: 3, jump: 4 };
    await samples({ known, onStep: (_, of) => void steps.push(of) });
    expect(steps).toEqual(Array.from({ length: 16 }, () => 16));
  });
});

describe('samples that start from images', () => {
  test('are nearer to the images for a smaller strength', async () => {
    const near = async (strength: number) => distance(await samples({ from: { images: images(4), strength } }), images(4)); // oxfmt-ignore
    const [little, half, all] = [await near(0.13), await near(0.5), await near(1)];
    expect(little).toBeLessThan(half);
    expect(half).toBeLessThan(all);
  });

  test('may be many from one image: other noise gives other samples', async () => {
    const { data, shape } = await samples({ from: { images: images(1), strength: 0.5 }, count: 2 });
    expect(shape).toEqual([2, 2, 2, 2]);
    expect(data.subarray(0, 8)).not.toEqual(data.subarray(8));
  });

  test('may also keep a part of the images', async () => {
    const given = images(2);
    const { data } = await samples({
      from: { images: given, strength: 0.5 },
      known: { images: given, mask },
    });
    for (const [i, x] of data.entries()) if (i % 4 < 2) expect(x).toBe(given.data[i]);
  });
});

describe('images that are encoded', () => {
  const zeros = Array.from({ length: 8 }, () => 0);
  const exact = exactDenoiser(noising)<[2, 2, 2]>({ shape: [2, 2, 2], weights: [1], means: [zeros], variances: [0.25] }); // oxfmt-ignore
  const gaussian = trained({ ...layer({}, () => null), ...overParams(() => null)(exact) });
  const encoded = (change: Partial<Encoding>, of = gaussian) =>
    onWasm((backend) => encode({ images: images(3), grid: parts.grid, ...change })(of)(backend)());
  const decoded = async (grid: Grid, change: Partial<Encoding> = {}): Promise<number> => {
    const noise = right(await encoded({ grid, ...change }));
    expect(noise.shape).toEqual([3, 2, 2, 2]);
    return distance(await samples({ grid, from: { noise } }, gaussian), images(3));
  };

  test('are drawn again from their noise, more accurately with more steps', async () => {
    const [few, many] = [await decoded(trailing(40)), await decoded(trailing(160))];
    expect(few / many).toBeGreaterThan(3); // first order: a factor of 4
    expect(many).toBeLessThan(0.02);
  });

  test('one or two at a time equal all at once', async () => {
    const [one, all] = [right(await encoded({ batch: 1 })), right(await encoded({}))];
    expect(distance(one, all)).toBeLessThan(1e-6);
    expect(distance(right(await encoded({ batch: 2 })), all)).toBeLessThan(1e-6);
  });

  test('need a solver towards noise, images of the model, and a key if a condition has noise', async () => {
    const bad: readonly (readonly [Partial<Encoding>, string])[] = [
      [{ solver: ddim() }, 'encode: solver: expected a solver that steps to the noise, got a solver that steps to the data'],
      [{ images: { ...images(1), shape: [1, 4, 2, 1] } }, 'encode: images: expected all numbers of [1, 2, 2, 2]'],
      [{ images: { ...images(1), data: new Float32Array(8).fill(9) } }, 'expected finite numbers in [-1, 1], got 9'],
      [{ conditions: { small: { ...images(3), t: 5 } } }, 'encode: key: expected a key for the noise of small'],
      [{ lables: [1] } as Partial<Encoding>, 'encode'],
    ]; // oxfmt-ignore
    for (const [change, says] of bad) {
      const result = await encoded(change);
      expect(E.isLeft(result) && result.left.message).toContain(says);
    }
  });
});

describe('invalid arguments are refused before anything runs', () => {
  const bad: readonly (readonly [Partial<Sampling>, string])[] = [
    [{ known: { images: images(2), mask: { ...mask, shape: [1, 2, 4, 1] } } }, 'sample: known.mask: expected all numbers of [2 or 1, 2, 2, 1 or 2], got 4 of [1, 2, 4, 1]'],
    [{ known: { images: images(2), mask: { ...mask, data: Float32Array.of(1, 0, 2, 0) } } }, 'expected numbers in [0, 1], got 2'],
    [{ known: { images: images(2), mask }, count: 3 }, 'sample: known.images: expected all numbers of [3 or 1, 2, 2, 2], got 16 of [2, 2, 2, 2]'],
    [{ known: { images: images(1), mask, resamples: 0 } }, 'inpainting.resamples: expected an integer ≥ 1, got 0'],
    [{ from: { images: images(1), strength: 0 } }, 'a strength above 0 and at most 1, got 0'],
    [{ from: { images: { ...images(1), shape: [1, 4, 2, 1] }, strength: 0.5 } }, 'sample: from.images: expected all numbers of [1, 2, 2, 2], got 8 of [1, 4, 2, 1]'],
    [{ from: { images: { data: new Float32Array(8).fill(255), shape: [1, 2, 2, 2] }, strength: 0.5 } }, 'scale the numbers to [-1, 1]; bytes by byte/127.5 - 1'],
    [{ solver: ddimInversion() }, 'sample: solver: expected a solver that steps to the data, got a solver that steps to the noise, over t = 124 to 874'],
    [{ solver: ddimInversion(), from: { images: images(1), strength: 0.5 } }, 'a solver that steps to the data'],
    [{ solver: ddimInversion(), known: { images: images(1), mask } }, 'a solver that steps to the data'],
    [{ solver: ddimInversion(), grid: 1 }, 'a solver that steps to the data'],
    [{ from: { noise: { ...images(1), shape: [1, 4, 2, 1] } } }, 'sample: from.noise: expected all numbers of [1, 2, 2, 2], got 8 of [1, 4, 2, 1]'],
    [{ from: { noise: { ...images(1), data: new Float32Array(8).fill(NaN) } } }, 'sample: from.noise: expected finite numbers, got NaN at number 0'],
    [{ known: { images: images(1) } as GivenKnown }, 'sample.known.mask'],
    [{ from: { images: images(1), strength: 0.5, nosie: 1 } as GivenBeginning }, 'sample.from'],
  ]; // oxfmt-ignore
  test.each(bad)('%#', async (change, says) => {
    const result = await outcome(change);
    expect(E.isLeft(result) && result.left.message).toContain(says);
  });
});

test('an inpainting frees all its memory', async () => {
  const left = await onWasm(async (backend) => {
    const before = backend.stats().bytes;
    right(await sample({ ...parts, known: { images: images(3), mask }, batch: 2 })(moving)(backend)());
    return backend.stats().bytes - before;
  });
  expect(left).toBe(0);
});
