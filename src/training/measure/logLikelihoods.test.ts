import { describe, expect, test } from 'vitest';
import { reference } from '../../backends/reference/index.js';
import { wasm } from '../../backends/wasm/backend.js';
import {
  type Channel,
  type Conditioning,
  cosine,
  ddpm,
  exactDenoiser,
  exactLogDensity,
  type GaussianMixture,
  imageOf,
  labelOf,
  type Model,
  overParams,
  superResolution,
  atTimes,
} from '../../diffusion/index.js';
import {
  add,
  ascribeLike,
  type Backend,
  constantOf,
  type Dim,
  evaluate,
  gather,
  key,
  type NoisefoldError,
  onesLike,
  program,
  scaleBy,
  sub,
  table,
  type Tensor,
  upsample,
  using,
} from '../../dsl/index.js';
import { F, TE, type taskEither } from '../../internal/fp.js';
import { layer } from '../../nn/index.js';
import { type Dataset, datasetOf, pixelOf } from '../../data/dataset.js';
import { datasetOfImages, datasetOfNumbers } from '../../data/imageData.js';
import { type LikelihoodMeasuring, logLikelihoods, type LogLikelihoods } from './logLikelihoods.js';
import type { Trained } from '../../checkpoints/trained.js';
import { leftOf, right } from '../testing.js';
import { wholeTimesteps } from '../../diffusion/paths/discretePath.js';

type Size = [2, 2, 1];
type Squares = Model<object, Size>;
const image = [2, 2, 1] as const;
const D = 4;
const noising = right(F.pipe(cosine(1000), ddpm));
const { marginals } = noising;

const line: GaussianMixture<Size> = {
  shape: [2, 2, 1],
  weights: [1],
  means: [[0.25, -0.25, 0.5, 0]],
  variances: [[0.04, 0.1, 0.09, 0.16]],
};
/** A mixture of two Gaussians, for which the Jacobian of the flow is not diagonal. */
const two: GaussianMixture<Size> = {
  shape: [2, 2, 1],
  weights: [0.4, 0.6],
  means: [
    [0.5, 0.5, -0.5, -0.5],
    [-0.5, 0.25, 0.5, 0.5],
  ],
  variances: [0.04, 0.09],
};
const modelOf = (mixture: GaussianMixture<Size>): Squares => ({
  ...layer({}, () => null),
  ...overParams(() => null)(exactDenoiser(noising)(mixture)),
});

/** Numbers that float32 represents exactly. */
const imagesOf = (count: number) => ({
  data: Float32Array.from({ length: count * D }, (_, i) => (((i * 37) % 61) - 30) / 32),
  shape: [count, 2, 2, 1] as const,
});
const dataOf = (count: number): Dataset<Size> => right(datasetOfImages(imagesOf(count), { image }));

const trainedOf = (model: Squares): Trained<object, Size> => ({ model, noising, image, params: {} });
const outcome = (
  change: Partial<LikelihoodMeasuring<Size>> = {},
  of = trainedOf(modelOf(line)),
  on = reference(),
): taskEither.TaskEither<NoisefoldError, LogLikelihoods> =>
  using(on)(logLikelihoods<Size>({ data: dataOf(5), grid: 33, batch: 2, key: key(3), ...change })(of));
const found = async (...args: Parameters<typeof outcome>): Promise<LogLikelihoods> => right(await outcome(...args)());

/** log q(x) of the images at the first timestep. */
const densities = async (mixture: GaussianMixture<Size>, count: number): Promise<readonly number[]> => {
  const of = program({ x: 'B 2 2 1' }, ({ x }) =>
    exactLogDensity(noising)(mixture)(x, constantOf(new Int32Array(count), count) as Tensor<[Dim], 'int32'> as never),
  );
  const numbers = await using(reference())(evaluate(of, { B: count })({ x: imagesOf(count).data }))();
  return Array.from(right(numbers));
}; // oxfmt-ignore

/**
 * The same by the flow, which is affine, from N(0, I) at the last timestep, which separates the effect of the signal
 * that remains there.
 */
const flowDensities = (count: number) => {
  const [first, last] = [marginals[0]!, marginals.at(-1)!];
  const [[means], [variances]] = [line.means, line.variances];
  const { data } = imagesOf(count);
  return Array.from({ length: count }, (_, i) =>
    Array.from(data.subarray(i * D, (i + 1) * D)).reduce((sum, x, axis) => {
      const [m, v] = [means![axis]!, (variances as readonly number[])[axis]!];
      const total = ({ alpha, sigma }: Channel): number => alpha ** 2 * v + sigma ** 2;
      const ratio = total(last) / total(first);
      const end = Math.sqrt(ratio) * (x - first.alpha * m) + last.alpha * m;
      return sum - 0.5 * (end ** 2 + Math.log(2 * Math.PI) - Math.log(ratio));
    }, 0),
  );
};

const most = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i]!)));
const meanOf = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;

describe('of data with a known density', () => {
  test('Gaussian data: equals the density, with an error of second order in the step size', async () => {
    const truth = flowDensities(5);
    expect(most(truth, await densities(line, 5))).toBeLessThan(1e-3); // √ᾱ_T = 5·10⁻⁵, and x_T is below 5
    const errors = await Promise.all([33, 65, 129].map(async (grid) => most((await found({ grid })).nats, truth)));
    for (const i of [0, 1]) expect(Math.abs(Math.log2(errors[i]! / errors[i + 1]!) - 2)).toBeLessThan(0.2);
    // at every timestep it is (128/999)² of that
    expect(most((await found({ grid: 1000 })).nats, truth)).toBeLessThan(1.5 * (128 / 999) ** 2 * errors[2]!);
  });

  test('a mixture: equals the density in the mean over directions', async () => {
    const [truth] = await densities(two, 1);
    const n = 200;
    // the same image again and again
    const data: Dataset<Size> = { ...dataOf(n), batch: (positions) => dataOf(1).batch(positions.map(() => 0)) };
    const nats = Array.from((await found({ data, batch: 100, grid: 129 }, trainedOf(modelOf(two)))).nats);
    const deviation = Math.sqrt(meanOf(nats.map((x) => (x - meanOf(nats)) ** 2)));
    expect(deviation).toBeGreaterThan(0.05); // the estimate is random
    expect(Math.abs(meanOf(nats) - truth!)).toBeLessThan((5 * deviation) / Math.sqrt(n));
  }); // oxfmt-ignore

  test('bits are those of numbers as wide as a byte', async () => {
    const { nats, bits } = await found();
    bits.forEach((b, i) => expect(b).toBeCloseTo(-nats[i]! / D / Math.LN2 - Math.log2(2 / 255), 12));
  });

  test('dequantized bytes have the bits of bytes', async () => {
    const n = 300;
    const pixels = Uint8Array.from({ length: n * D }, (_, i) => Math.round(127.5 + 90 * Math.sin(i * 2.399963)));
    const data: Dataset<Size> = right(datasetOf({ pixels, labels: new Uint8Array(n), image }));
    const white: GaussianMixture<Size> = { ...line, means: [[0, 0, 0, 0]], variances: [0.16] };
    const spread = await found({ data, batch: 100, grid: 129, dequantize: true }, trainedOf(modelOf(white)));
    // the mean over a bin differs from its middle only by (1/255)²/0.96 nats
    const bitsOf = (byte: number) => (pixelOf(byte) ** 2 / 0.32 + Math.log(2 * Math.PI * 0.16) / 2 - Math.log(2 / 255)) / Math.LN2;
    const truth = Array.from({ length: n }, (_, i) => meanOf(Array.from(pixels.subarray(i * D, (i + 1) * D), bitsOf)));
    const off = truth.map((bits, i) => spread.bits[i]! - bits);
    const deviation = Math.sqrt(meanOf(off.map((x) => (x - meanOf(off)) ** 2)));
    expect(deviation).toBeGreaterThan(1e-3);
    expect(Math.abs(meanOf(off))).toBeLessThan((5 * deviation) / Math.sqrt(n));
  }); // oxfmt-ignore
});

describe('a data set has the same likelihoods', () => {
  const of = trainedOf(modelOf(two));
  test('for any batch size, with an incomplete last batch, and any number of images after them', async () => {
    for (const dequantize of [false, true]) {
      const data: Dataset<Size> = dequantize
        ? right(datasetOf({ pixels: Uint8Array.from({ length: 20 }, (_, i) => i * 12), labels: new Uint8Array(5), image }))
        : dataOf(5);
      const whole = await found({ data, batch: 5, dequantize }, of);
      expect(whole.nats).toHaveLength(5);
      for (const batch of [1, 2, 4, 100]) expect(await found({ data, batch, dequantize }, of)).toEqual(whole);
      const few = await found({ data, images: 2, batch: 4, dequantize }, of);
      expect(few.nats).toEqual(whole.nats.slice(0, 2));
      expect((await found({ data, key: key(4), dequantize }, of)).nats[0]).not.toBe(whole.nats[0]);
    }
  }); // oxfmt-ignore

  test('on wasm, within its precision', async () => {
    const [oracle, fast] = [await found({}, of), await found({}, of, wasm())];
    // 32 steps of sums below 21, each within 4 ulp
    expect(most(fast.nats, oracle.nats)).toBeLessThan(32 * 21 * 4 * 2 ** -24);
  });
});

describe('a model receives', () => {
  const variance = 0.09;
  type At<B extends Dim> = (x: Tensor<[B, ...Size]>, at: Conditioning<B>) => Tensor<[B, ...Size]>;
  /** The best denoiser of N(m, 0.09), where m is its conditioning. */
  const around = (mean: <B extends Dim>(...told: Parameters<At<B>>) => ReturnType<At<B>>): Squares => ({
    ...layer({}, () => null),
    predicts: 'x0',
    apply: (_, x, at) => {
      const times = (numbers: readonly number[], y: typeof x) => scaleBy(y, gather(table(numbers), wholeTimesteps(at.t)));
      const m = mean(x, at);
      const gain = marginals.map(({ alpha, sigma }) => (alpha * variance) / (alpha ** 2 * variance + sigma ** 2));
      return add(times(gain, sub(x, times(marginals.map(({ alpha }) => alpha), m))), m) as typeof x;
    },
  }); // oxfmt-ignore
  const levels = [-0.5, 0.5, 0];
  const flat = right(
    datasetOfImages(
      { data: Float32Array.from({ length: 12 }, (_, i) => [0.5, 0, -0.5][Math.floor(i / D)]!), shape: [3, 2, 2, 1] },
      { labels: [1, 2, 0], image },
    ),
  ); // oxfmt-ignore
  /** At the mean, where the density is that of the lowest noise level of the process. */
  const { alpha, sigma } = marginals[0]!;
  const peak = (mean: number): number => {
    const v = alpha ** 2 * variance + sigma ** 2;
    return (-D / 2) * (((1 - alpha) * mean) ** 2 / v + Math.log(2 * Math.PI * v));
  };
  const isPeaked = (nats: Float64Array) =>
    // another class is 4·0.5²/(2·0.09) = 5.6 nats away; the rest is Heun's error, whose order is measured above
    [0.5, 0, -0.5].forEach((mean, i) => expect(Math.abs(nats[i]! - peak(mean))).toBeLessThan(1e-2));

  test('the class of each image', async () => {
    const byClass: Squares = {
      ...around((x, at) => scaleBy(onesLike(x), gather(table(levels), labelOf(at)!)) as typeof x),
      conditions: { label: { classes: 3 } },
    };
    isPeaked((await found({ data: flat, grid: 129 }, trainedOf(byClass))).nats);
    const error = await leftOf(outcome({}, trainedOf(byClass)));
    expect(error.message).toContain(
      'data set: conditions.label: expected a value of each image: the model is conditioned on label, got none',
    );
  });

  test('a condition, made from the images', async () => {
    const byImage: Squares = {
      ...around((x, at) => ascribeLike(upsample(imageOf(at, 'small')!.image), x)),
      conditions: { small: { image: 1 } },
    };
    const conditions = { small: superResolution({ factor: 2 }) };
    isPeaked((await found({ data: flat, grid: 129, conditions }, trainedOf(byImage))).nats);
    expect((await leftOf(outcome({}, trainedOf(byImage)))).message).toContain(
      'data set: conditions.small: expected a value of each image',
    );
  });
});

describe('during the measurement', () => {
  const onWasm = async <A>(effects: (backend: Backend) => Promise<A>): Promise<A> =>
    right(await using(wasm())((backend) => TE.fromTask(() => effects(backend)))());
  const measuring = { data: dataOf(5), grid: 9, batch: 2, key: key(3), dequantize: false };

  test('each step is reported, memory does not grow, and all memory is freed', () =>
    onWasm(async (backend) => {
      const seen: number[] = [];
      const held = new Set<number>();
      const onStep = (done: number, of: number) => {
        expect(of).toBe(3 * 8);
        seen.push(done);
        held.add(backend.stats().bytes);
      };
      right(await logLikelihoods<Size>({ ...measuring, onStep })(trainedOf(modelOf(two)))(backend)());
      expect(seen).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
      expect(held.size).toBe(1);
      expect(backend.stats().bytes).toBe(0);
    }));

  test('a signal ends it before the next step', () =>
    onWasm(async (backend) => {
      const stop = new AbortController();
      let last = 0;
      const onStep = (done: number) => {
        last = done;
        if (done === 11) stop.abort();
      };
      const stopped = logLikelihoods<Size>({ ...measuring, onStep, signal: stop.signal });
      expect(await leftOf(stopped(trainedOf(modelOf(two)))(backend))).toMatchObject({
        _tag: 'Cancelled',
        where: 'log-likelihoods, step 3',
      });
      expect(last).toBe(11);
      expect(backend.stats().bytes).toBe(0);
    }));
});

test('a likelihood that is NaN is a NonFinite error that names the image', async () => {
  const spoilt: Squares = {
    ...layer({}, () => null),
    predicts: 'v',
    apply: (_, x) => scaleBy(x, table(Float32Array.of(NaN, 1)) as never) as typeof x,
  };
  expect(await leftOf(outcome({ data: dataOf(4) }, trainedOf(spoilt)))).toMatchObject({
    _tag: 'NonFinite',
    where: 'logLikelihoods: image 0',
    actual: 'NaN',
  });
});

describe('invalid arguments are refused before anything runs', () => {
  const spoilt = (number: number): Dataset<Size> => {
    const { data, shape } = imagesOf(5);
    return right(datasetOfNumbers({ data: data.with(18, number), shape }, { image }));
  };
  test.each([
    [{ batch: 1.5 }, 'ConfigError', 'logLikelihoods.batch: expected an integer ≥ 1, got 1.5'],
    [{ grid: 1 }, 'ConfigError', 'likelihood: expected a grid of at least two timesteps, got 1'],
    [{ grid: atTimes([5, 9]) }, 'ConfigError', 'falling'],
    [{ dequantise: true } as object, 'ConfigError', 'logLikelihoods.dequantise: expected one of the fields data, batch, key,'],
    [{ dequantize: true }, 'ConfigError', 'logLikelihoods: image at 0: expected bytes as levels of [-1, 1]: byte/127.5 - 1, got -0.9375 at number 0; round images to bytes, or leave out `dequantize`'],
    [{ data: spoilt(Number.NaN) }, 'NonFinite', 'data set: image at 4: expected finite numbers in [-1, 1], got NaN at number 2'],
    [{ data: spoilt(-3) }, 'ConfigError', 'got -3 at number 2'],
    [{ data: { ...dataOf(5), image: [2, 1, 2] as never } }, 'ConfigError', 'logLikelihoods: data: expected images [2, 2, 1], as the model takes them, got [2, 1, 2]'],
  ])('%#', async (change, tag, says) => {
    const steps: number[] = [];
    const error = await leftOf(outcome({ ...change, onStep: (done) => void steps.push(done) }));
    expect(error._tag).toBe(tag);
    expect(error.message).toContain(says);
    expect(steps).toEqual([]);
  }); // oxfmt-ignore

  test('refuses numbers and labels that do not match the images', () => {
    const { data, shape } = imagesOf(2);
    for (const [made, says] of [
      [datasetOfImages({ data: data.subarray(1), shape }), 'expected 8 numbers for images [2, 2, 2, 1], at least one, and a label for each or none, got 7 numbers'],
      [datasetOfImages({ data, shape }, { labels: [1] }), 'got 8 numbers and 1 labels'],
      [datasetOfImages({ data: new Float32Array(0), shape: [0, 2, 2, 1] }), 'at least one'],
      [datasetOfImages({ data, shape }, { image: [4, 1, 1] }), 'expected images [4, 1, 1], got [2, 2, 1]'],
    ] as const)
      expect(made._tag === 'Left' && made.left.message).toContain(says);
  }); // oxfmt-ignore
});
