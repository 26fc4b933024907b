import { describe, expect, test } from 'vitest';
import { wasm } from '../../backends/wasm/backend.js';
import { edm, euler, type Model, type Objective, rectifiedFlow, simpleLosses } from '../../diffusion/index.js';
import {
  type Backend,
  foldIn,
  fork,
  key,
  meanPerSample,
  mul,
  type RandomKey,
  type Scalar,
  using,
} from '../../dsl/index.js';
import { fillRandom, randomInto } from '../../internal/numerics/threefry.js';
import { TE } from '../../internal/fp.js';
import { allOnes, parameter, sgd } from '../../nn/index.js';
import { datasetOf } from '../data/dataset.js';
import { fit } from '../fit/fit.js';
import { leftOf, right } from '../testing.js';
import { optimalTransport } from './optimalTransport.js';
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
  test.each(Array.from({ length: 40 }, (_, seed) => seed))('has the least cost of all orders, %i', (seed) => {
    const [n, each] = [1 + (seed % 6), 3];
    const images = Float32Array.from(uniform(seed, n * each), (u) => Math.round(2 * u - 1)); // some are equal
    const noise = optimalTransport({ images, positions: new Int32Array(n) }, key(seed));
    const costOf = (order: readonly number[]): number =>
      images.reduce((sum, x, at) => {
        const [i, k] = [Math.floor(at / each), at % each];
        return sum + (x - noise[order[i]! * each + k]!) ** 2;
      }, 0);
    const own = Array.from({ length: n }, (_, i) => i);
    expect(costOf(own)).toBeCloseTo(Math.min(...orders(n).map(costOf)), 9);
  });
});

test('optimalTransport gives images noise that is normal, and nearer than that in its own order', () => {
  const [n, each] = [64, 8];
  const images = Float32Array.from(uniform(1, n * each), (u) => 2 * u - 1);
  const noise = optimalTransport({ images, positions: new Int32Array(n) }, key(7));
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
    [() => new Float32Array(5), 'one of 5'],
    [() => [1] as never, 'an array of 1'],
    [() => new Float32Array(6).fill(NaN), 'NaN'],
  ])('refuses noise that does not fit, %#', async (coupling, actual) => {
    const error = await on((backend) => leftOf(fit({ ...recipe, coupling })(backend)));
    expect(error.where).toContain('training.coupling');
    expect(error.actual).toContain(actual);
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
    expect(await measure({ coupling: optimalTransport })).toEqual(await measure({}));
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
      fillRandom('normal', stream, numbers);
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
