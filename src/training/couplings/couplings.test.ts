import { describe, expect, test } from 'vitest';
import { wasm } from '../../backends/wasm/backend.js';
import { edm, euler, type Model, type Objective, rectifiedFlow, simpleLosses } from '../../diffusion/index.js';
import {
  add,
  type Backend,
  foldIn,
  fork,
  key,
  meanPerSample,
  mul,
  type RandomKey,
  type Scalar,
  using,
  zerosLike,
} from '../../dsl/index.js';
import { randomInto } from '../../internal/numerics/threefry.js';
import { TE } from '../../internal/fp.js';
import { allOnes, allZeros, parameter, sgd } from '../../nn/index.js';
import { augmented } from '../../data/augmented.js';
import { datasetOf } from '../../data/dataset.js';
import { fit } from '../fit/fit.js';
import { leftOf, right } from '../testing.js';
import { sample } from '../sample/sample.js';
import type { Coupling } from './coupling.js';
import { optimalTransport } from './optimalTransport.js';
import { randomImages } from './randomImages.js';
import { reflowPairs } from './reflowPairs.js';

const on = async <A>(effects: (backend: Backend) => Promise<A>): Promise<A> =>
  right(await using(wasm())((backend) => TE.fromTask(() => effects(backend)))());

/** All orders of 0 … n - 1. */
const orders = (n: number): readonly (readonly number[])[] =>
  n === 0
    ? [[]]
    : orders(n - 1).flatMap((order) =>
        Array.from({ length: n }, (_, i) => [...order.slice(0, i), n - 1, ...order.slice(i)]),
      );

const uniform = (seed: number, count: number): Float64Array => {
  const numbers = new Float64Array(count);
  randomInto('uniform', key(seed), numbers);
  return numbers;
};

describe('optimalTransport', () => {
  test.each(Array.from({ length: 40 }, (_, seed) => seed))('has the least cost of all orders, %i', async (seed) => {
    const [n, each] = [1 + (seed % 6), 3];
    const images = Float32Array.from(uniform(seed, n * each), (u) => Math.round(2 * u - 1)); // some are equal
    const noise = await optimalTransport()({ images, positions: new Int32Array(n) }, key(seed));
    const costOf = (order: readonly number[]): number =>
      images.reduce((sum, x, at) => {
        const [i, k] = [Math.floor(at / each), at % each];
        return sum + (x - noise[order[i]! * each + k]!) ** 2;
      }, 0);
    const own = Array.from({ length: n }, (_, i) => i);
    expect(costOf(own)).toBeCloseTo(Math.min(...orders(n).map(costOf)), 9);
  });
});

test('optimalTransport gives images noise that is normal, and nearer than that in its own order', async () => {
  const [n, each] = [64, 8];
  const images = Float32Array.from(uniform(1, n * each), (u) => 2 * u - 1);
  const noise = await optimalTransport()({ images, positions: new Int32Array(n) }, key(7));
  const drawn = new Float32Array(n * each);
  randomInto('normal', key(7), drawn);
  const rows = (of: Float32Array) => Array.from({ length: n }, (_, i) => [...of.subarray(i * each, (i + 1) * each)].join()).sort(); // oxfmt-ignore
  expect(rows(noise)).toEqual(rows(drawn));
  const cost = (of: Float32Array): number => of.reduce((sum, e, i) => sum + (images[i]! - e) ** 2, 0);
  expect(cost(noise)).toBeLessThan(0.95 * cost(drawn));
});

const pixels = Uint8Array.of(0, 50, 100, 150, 200, 250);
const data = right(datasetOf({ pixels, image: [1, 1, 1] }));
const model: Model<Scalar, [1, 1, 1]> = { ...parameter(allOnes), predicts: 'velocity', apply: (w, x) => mul(x, w) };
const recipe = { model, noising: rectifiedFlow(), optimizer: sgd({ learningRate: 0 }), data, batch: 6, steps: 2, key: key(7) }; // oxfmt-ignore

describe('a coupling in a training', () => {
  /** The loss is the mean of the noise of each image, weighted by the image. */
  const products: Objective =
    () =>
    (_, { x0, noise, t }) => ({ losses: meanPerSample(mul(x0, noise!)), t: t! });
  const withTimes: Objective = (noising, denoiser, options) => (params, inputs) => {
    const { t } = simpleLosses(noising, denoiser, options)(params, inputs);
    return products(noising, denoiser)(params, { ...inputs, t });
  };

  test.each([1, 3])('gives the noise of each step, in %i parts', async (accumulate) => {
    const calls: number[][] = [];
    const list: number[] = [];
    const keys: unknown[] = [];
    await on(async (backend) =>
      right(
        await fit({
          ...recipe,
          accumulate,
          loss: withTimes,
          coupling: ({ images, positions }, own) => {
            calls.push([...positions]);
            keys.push(own);
            return images.map((x, i) => x + i);
          },
          onEvent: (event) => {
            if (event._tag === 'Step') list.push(event.loss);
          },
        })(backend)(),
      ),
    );
    const expected = calls.map(
      (positions) =>
        positions
          .map((at, i) => {
            const x = pixels[at]! / 127.5 - 1;
            return x * (x + i);
          })
          .reduce((a, b) => a + b, 0) / 6,
    );
    list.forEach((loss, i) => expect(loss).toBeCloseTo(expected[i]!, 5));
    const { coupling } = fork(key(7), 'coupling');
    expect(keys).toEqual([foldIn(coupling, 0), foldIn(coupling, 1)]);
  });

  test.each([
    [() => new Float32Array(5), 'a Float32Array of 5'],
    [() => [1] as never, 'an array of 1'],
    [() => new Float32Array(6).fill(NaN), 'NaN'],
  ])('refuses noise that does not fit, %#', async (coupling, actual) => {
    const error = await on((backend) => leftOf(fit({ ...recipe, coupling })(backend)));
    expect(error.where).toContain('training.coupling');
    expect(error.actual).toContain(actual);
  });

  test.each([1, 3])('held-out images get the noise of the coupling for them, in %i parts', async (accumulate) => {
    const own: Coupling = ({ images, positions }) => images.map((x, i) => x + positions[i]!);
    const losses: number[] = [];
    await on(async (backend) =>
      right(
        await fit({
          ...recipe,
          accumulate,
          loss: withTimes,
          coupling: Object.assign((({ images }) => images) as Coupling, { heldOut: own }),
          heldOut: { data, every: 2, images: 6 },
          onEvent: (event) => {
            if (event._tag === 'HeldOut') losses.push(event.loss);
          },
        })(backend)(),
      ),
    );
    const x = Array.from(pixels, (byte) => byte / 127.5 - 1);
    const mean = x.reduce((sum, value, i) => sum + value * (value + i), 0) / 6;
    expect(losses).toHaveLength(2);
    for (const loss of losses) expect(loss).toBeCloseTo(mean, 5);
  });

  test('held-out images keep their independent noise', async () => {
    const heldOut = { data, every: 1, images: 6 };
    const measure = async (coupled: object) => {
      const losses: number[] = [];
      await on(async (backend) =>
        right(
          await fit({
            ...recipe,
            ...coupled,
            heldOut,
            onEvent: (event) => {
              if (event._tag === 'HeldOut') losses.push(event.loss);
            },
          })(backend)(),
        ),
      );
      return losses;
    };
    expect(await measure({ coupling: optimalTransport() })).toEqual(await measure({}));
  });
});

test('optimalTransport pairs what its source draws', async () => {
  const batch = { images: Float32Array.of(3, 1, 2), positions: Int32Array.of(7, 8, 9) };
  const calls: unknown[] = [];
  const source: Coupling = async (...given) => {
    calls.push(given);
    return Float32Array.of(10, 30, 20);
  };
  expect(await optimalTransport({ source })(batch, key(7))).toEqual(Float32Array.of(30, 10, 20));
  expect(calls).toEqual([[batch, key(7)]]);
});

test('optimalTransport refuses a source of another size, and to be a coupling itself', async () => {
  const batch = { images: Float32Array.of(3, 1), positions: Int32Array.of(7, 8) };
  const source: Coupling = () => Float32Array.of(1);
  await expect(optimalTransport({ source })(batch, key(7))).rejects.toThrow('expected a Float32Array of 2 numbers');
  expect(() => optimalTransport(batch as never)).toThrow('write optimalTransport()');
});

test('entropic pairs have the frequencies of the plan, with both marginals uniform', async () => {
  // costs 0, 9, 1 and 4: p/(1/2 - p) = √(exp((9 + 1 - 0 - 4)/r)) on the diagonal, which is e at r = 3
  const batch = { images: Float32Array.of(0, 1), positions: new Int32Array(2) };
  const coupling = optimalTransport({ source: () => Float32Array.of(0, 3), entropy: 3 });
  const count = 4000;
  const same = [0, 0];
  for (let seed = 0; seed < count; seed++) {
    const [first, second] = await coupling(batch, key(seed));
    if (first === 0) same[0]!++;
    if (second === 3) same[1]!++;
  }
  const p = 1 / (1 + Math.exp(-1));
  const deviation = Math.sqrt((p * (1 - p)) / count);
  for (const often of same) expect(Math.abs(often / count - p)).toBeLessThan(4 * deviation);
});

test('entropic pairs of distant images are the optimal ones', async () => {
  const batch = { images: Float32Array.of(300, -100, 200), positions: new Int32Array(3) };
  const coupling = optimalTransport({ source: () => Float32Array.of(-90, 220, 280), entropy: 1e-2 });
  expect(await coupling(batch, key(1))).toEqual(Float32Array.of(280, -90, 220));
});

describe('randomImages', () => {
  const source = right(datasetOf({ pixels: Uint8Array.of(0, 255, 51), image: [1, 1, 1] }));
  const batch = { images: new Float32Array(3000), positions: new Int32Array(3000) };

  test('gives each image of the source as often', async () => {
    const drawn = await randomImages(source)(batch, key(3));
    for (const value of [-1, 1, Math.fround(51 / 127.5 - 1)]) {
      const often = drawn.filter((x) => x === value).length;
      expect(Math.abs(often - 1000)).toBeLessThan(4 * Math.sqrt(3000 * (1 / 3) * (2 / 3)));
    }
    expect(await randomImages(source)(batch, key(4))).not.toEqual(drawn);
  });

  test('changes them by the augmentations of the source, but for held-out images', async () => {
    const coupling = randomImages(augmented(source, [({ data: x, shape }) => ({ data: x.map((v) => -v), shape })]));
    const plain = await randomImages(source)(batch, key(3));
    expect(await coupling(batch, key(3))).toEqual(plain.map((x) => -x));
    expect(await coupling.heldOut!(batch, key(3))).toEqual(plain);
  });

  test('fit learns the flow from the source to the data, and sample follows it from given images', async () => {
    // the velocity w, E[x₁ - x₀], moves each image by the difference of the means
    const shift: Model<Scalar, [1, 1, 1]> = {
      ...parameter(allZeros),
      predicts: 'velocity',
      apply: (w, x) => add(zerosLike(x), w),
    };
    const grey = right(datasetOf({ pixels: Uint8Array.of(140, 140, 140), image: [1, 1, 1] }));
    const dark = right(datasetOf({ pixels: Uint8Array.of(51, 51), image: [1, 1, 1] }));
    const of = {
      model: shift,
      optimizer: sgd({ learningRate: 0.5 }),
      data: grey,
      batch: 3,
      steps: 30,
      averageDecay: 0,
    };
    await on(async (backend) => {
      const trained = right(await fit({ ...recipe, ...of, coupling: randomImages(dark) })(backend)());
      const noise = { data: Float32Array.of(-0.6, -0.5), shape: [2, 1, 1, 1] as const };
      const parts = { solver: euler(), grid: 4, from: { noise }, key: key(1) };
      const { data: moved } = right(await sample(trained, parts)(backend)());
      const difference = (140 - 51) / 127.5;
      [...moved].forEach((x, i) => expect(x).toBeCloseTo(noise.data[i]! + difference, 5));
    });
  });
});

describe('reflowPairs', () => {
  const trained = { model, noising: rectifiedFlow(), image: [1, 1, 1] } as const;

  test('pairs each sample with the noise that it was drawn from', async () => {
    await on(async (backend) => {
      const { params } = right(await fit({ ...recipe, steps: 0 })(backend)());
      const pairs = right(
        await reflowPairs({ ...trained, params }, { solver: euler(), grid: 4, count: 5, key: key(3), batch: 2 })(backend)(), // oxfmt-ignore
      );
      expect(pairs.data.size).toBe(5);
      const positions = Int32Array.of(4, 0, 2);
      const { images } = right(await pairs.data.batch(positions)());
      const noise = pairs.coupling({ images, positions });
      // four Euler steps of dx/dt = x from t = 1 to 0, with x̂₀ clipped to [-1, 1]
      images.forEach((x, i) => {
        let end = noise[i]!;
        for (let t = 1; t > 0; t -= 0.25) {
          const x0 = Math.min(1, Math.max(-1, end - t * end));
          end = (end * (t - 0.25)) / t + (1 - (t - 0.25) - ((t - 0.25) / t) * (1 - t)) * x0;
        }
        expect(x).toBeCloseTo(end, 5);
      });
    });
  });

  test('takes names of classes', async () => {
    const classified: Model<Scalar, [1, 1, 1]> = { ...model, conditions: { label: { classes: 2 } } };
    const named = { ...trained, model: classified, params: 1 as never, names: { label: ['line', 'circle'] } };
    const parts = { solver: euler(), grid: 1, key: key(3) };
    await on(async (backend) => {
      const pairs = right(await reflowPairs(named, { ...parts, labels: ['circle', 0, 'line'] })(backend)());
      const { conditions } = right(await pairs.data.batch(Int32Array.of(2, 1, 0))());
      expect(conditions).toEqual({ label: ['line', 0, 'circle'] });
      expect(pairs.data.names).toEqual(named.names);
      const error = await leftOf(reflowPairs(named, { ...parts, labels: ['circel'] })(backend));
      expect(error.message).toContain('did you mean circle?');
    });
  });

  test('draws noise of its own from the key, apart from all numbers of the sampling', async () => {
    const count = 3;
    const noiseOf = (of: RandomKey) =>
      on(async (backend) => {
        const { params } = right(await fit({ ...recipe, steps: 0 })(backend)());
        const pairs = right(await reflowPairs({ ...trained, params }, { solver: euler(), grid: 1, count, key: of })(backend)()); // oxfmt-ignore
        return pairs.coupling({ images: new Float32Array(count), positions: Int32Array.of(0, 1, 2) });
      });
    const own = await noiseOf(key(3));
    expect(await noiseOf(key(3))).toEqual(own);
    expect(await noiseOf(key(4))).not.toEqual(own);
    // sample i draws from foldIn(key, i), its start and its steps from forks of it
    const ofSamples = [0, 1, 2].map((i) => foldIn(key(3), i));
    const streams = [key(3), ...ofSamples, ...ofSamples.flatMap((each) => Object.values(fork(each, 'start', 'steps')))];
    const drawn = streams.flatMap((stream) => {
      const numbers = new Float32Array(count);
      randomInto('normal', stream, numbers);
      return Array.from(numbers);
    });
    expect(drawn.filter((x) => own.includes(x))).toEqual([]);
  });

  test('fails as sample does', async () => {
    const error = await on((backend) =>
      leftOf(
        reflowPairs({ ...trained, noising: edm(), params: 1 as never }, { solver: euler(), key: key(3) })(backend),
      ),
    );
    expect(error._tag).toBe('ConfigError');
  });
});
