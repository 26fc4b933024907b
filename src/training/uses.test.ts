import { describe, expect, test } from 'vitest';
import { wasm } from '../backends/tfjs/wasm.js';
import { cosine, ddim, ddimInversion, ddpm, type Model, trailing } from '../diffusion/index.js';
import { type Backend, key, onesLike, tanh, using } from '../dsl/index.js';
import { E, TE } from '../internal/fp.js';
import { collect } from '../nn/index.js';
import type { GivenBeginning, GivenKnown } from './givenImages.js';
import type { Images } from './images.js';
import { sample, type Trained } from './sample.js';
import type { Sampling } from './sampling.js';
import { right } from './testing.js';

const process = right(ddpm(cosine(1000)));
const trained = (model: Model<object, [2, 2, 2]>): Trained<object, [2, 2, 2]> => ({ model, process, image: [2, 2, 2], params: {} }); // prettier-ignore
const white = trained({ ...collect({}), predicts: 'x0', apply: (_, x) => onesLike(x) });
const moving = trained({ ...collect({}), predicts: 'x0', apply: (_, x) => tanh(x) });

const onWasm = async <A>(effects: (backend: Backend) => Promise<A>): Promise<A> =>
  right(await using(wasm())((backend) => TE.fromTask(() => effects(backend)))());

const parts = { solver: ddim(), grid: trailing(8), key: key(4) } as const;
const outcome = (change: Partial<Sampling>, of = moving) =>
  onWasm((backend) => sample({ ...parts, ...change })(of)(backend)());
const samples = async (change: Partial<Sampling>, of = moving): Promise<Images> =>
  right(await outcome(change, of));

/** Images of two channels, each number its own. */
const images = (count: number): Images => ({
  data: Float32Array.from({ length: count * 8 }, (_, i) => ((i * 37) % 19) / 10 - 0.9),
  shape: [count, 2, 2, 2],
});
/** The left column of pixels is known. */
const mask: Images = { data: Float32Array.of(1, 0, 1, 0), shape: [1, 2, 2, 1] };

const distance = (a: Images, b: Images): number =>
  Math.hypot(...a.data.map((x, i) => x - b.data[i]!)) / Math.hypot(...b.data);

describe('samples that keep a part of images', () => {
  test('have it to the bit, and the rest from the model; the last batch is filled up', async () => {
    const known = { images: images(3), mask };
    const painted = await samples({ known, batch: 2 }, white);
    expect(painted.shape).toEqual([3, 2, 2, 2]);
    const columns = painted.data.map((x, i) => (i % 4 < 2 ? x - known.images.data[i]! : x - 1));
    expect(columns).toEqual(new Float32Array(24));
  });

  test('may be many of one image, and each channel may have a mask of its own', async () => {
    const one = { images: images(1), mask: { data: Float32Array.of(1, 0, 1, 0, 1, 0, 1, 0), shape: [1, 2, 2, 2] } as const }; // prettier-ignore
    const painted = await samples({ known: one, count: 3 }, white);
    for (const [i, x] of painted.data.entries()) expect(x).toBe(i % 2 === 0 ? one.images.data[i % 8] : 1);
  });

  test('walk each stretch as often as they resample', async () => {
    const steps: number[] = [];
    const known = { images: images(1), mask, resamples: 3, jump: 4 };
    await samples({ known, onStep: (_, of) => void steps.push(of) });
    expect(steps).toEqual(Array.from({ length: 24 }, () => 24));
  });
});

describe('samples that begin at images', () => {
  test('are the nearer to them, the less is made anew', async () => {
    const near = async (strength: number) => distance(await samples({ from: { images: images(4), strength } }), images(4)); // prettier-ignore
    const [little, half, all] = [await near(0.13), await near(0.5), await near(1)];
    expect(little).toBeLessThan(half);
    expect(half).toBeLessThan(all);
  });

  test('may be many of one image: other noise makes others of it', async () => {
    const { data, shape } = await samples({ from: { images: images(1), strength: 0.5 }, count: 2 });
    expect(shape).toEqual([2, 2, 2, 2]);
    expect(data.subarray(0, 8)).not.toEqual(data.subarray(8));
  });

  test('may keep a part of them too', async () => {
    const given = images(2);
    const { data } = await samples({
      from: { images: given, strength: 0.5 },
      known: { images: given, mask },
    });
    for (const [i, x] of data.entries()) if (i % 4 < 2) expect(x).toBe(given.data[i]);
  });
});

describe('what is refused, before anything runs', () => {
  const bad: readonly (readonly [Partial<Sampling>, string])[] = [
    [{ known: { images: images(2), mask: { ...mask, shape: [1, 2, 4, 1] } } }, 'sample: known.mask: expected all numbers of [2 or 1, 2, 2, 1 or 2], got 4 of [1, 2, 4, 1]'],
    [{ known: { images: images(2), mask: { ...mask, data: Float32Array.of(1, 0, 2, 0) } } }, 'expected numbers in [0, 1], got 2'],
    [{ known: { images: images(2), mask }, count: 3 }, 'sample: known.images: expected all numbers of [3 or 1, 2, 2, 2], got 16 of [2, 2, 2, 2]'],
    [{ known: { images: images(1), mask, resamples: 0 } }, 'resamples: a whole number ≥ 1'],
    [{ from: { images: images(1), strength: 0 } }, 'a strength above 0 and at most 1, got 0'],
    [{ from: { images: { ...images(1), shape: [1, 4, 2, 1] }, strength: 0.5 } }, 'sample: from.images: expected all numbers of [1, 2, 2, 2], got 8 of [1, 4, 2, 1]'],
    [{ from: { images: { data: new Float32Array(8).fill(255), shape: [1, 2, 2, 2] }, strength: 0.5 } }, 'of bytes, take byte/127.5 - 1'],
    [{ solver: ddimInversion() }, 'sample: solver: expected one that walks from noise to data, got one that walks from t = 124 to 999'],
    [{ solver: ddimInversion(), from: { images: images(1), strength: 0.5 } }, 'one that walks from noise to data'],
    [{ solver: ddimInversion(), known: { images: images(1), mask } }, 'one that walks from noise to data'],
    [{ known: { images: images(1) } as GivenKnown }, 'sample.known.mask'],
    [{ from: { images: images(1), strength: 0.5, nosie: 1 } as GivenBeginning }, 'sample.from'],
  ]; // prettier-ignore
  test.each(bad)('%#', async (change, says) => {
    const result = await outcome(change);
    expect(E.isLeft(result) && result.left.message).toContain(says);
  });
});

test('an inpainting gives all its memory back', async () => {
  const left = await onWasm(async (backend) => {
    const before = backend.stats().bytes;
    right(await sample({ ...parts, known: { images: images(3), mask }, batch: 2 })(moving)(backend)());
    return backend.stats().bytes - before;
  });
  expect(left).toBe(0);
});
