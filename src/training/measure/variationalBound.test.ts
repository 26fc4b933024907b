import { describe, expect, test } from 'vitest';
import { reference } from '../../backends/reference/index.js';
import { wasm } from '../../backends/wasm/backend.js';
import {
  type Channel,
  cosine,
  ddpm,
  edm,
  imageOf,
  karrasGrid,
  labelOf,
  learningVariance,
  type Model,
  rectifiedFlow,
  respace,
  spaced,
  superResolution,
  trigonometric,
  uncorrected,
} from '../../diffusion/index.js';
import {
  add,
  ascribeLike,
  type Backend,
  div,
  fullLike,
  gather,
  key,
  mul,
  type NoisefoldError,
  scaleBy,
  square,
  table,
  upsample,
  onesLike,
  using,
  zerosLike,
} from '../../dsl/index.js';
import { F, type taskEither, TE } from '../../internal/fp.js';
import { layer } from '../../nn/index.js';
import type { DatasetBound } from './boundSums.js';
import { type Batch, type Dataset, datasetOf, pixelOf } from '../../data/dataset.js';
import type { Trained } from '../../checkpoints/trained.js';
import { leftOf, right } from '../testing.js';
import { type BoundMeasuring, variationalBound } from './variationalBound.js';
import { wholeTimesteps } from '../../diffusion/paths/discretePath.js';

type Size = [4, 4, 1];
const image = [4, 4, 1] as const;
const D = 16;

/** The deviation of data N(0, C²), and the process. */
const C = 0.4;
const noising = right(F.pipe(cosine(12), ddpm));
const { marginals, posteriors } = noising;

/** E[x_0|x_t] = gain·x_t and Var(x_0|x_t) of the data. */
const conditional = ({ alpha, sigma }: Channel) => {
  const total = (alpha * C) ** 2 + sigma ** 2;
  return { gain: (alpha * C ** 2) / total, left: (C * sigma) ** 2 / total };
};
const ofTime = (numbers: readonly number[]) => table(numbers);

/** The exact model of these data, whose steps are q(x_{t-1}|x_t). */
const exact: Model<object, Size> = {
  ...layer({}, () => null),
  ...learningVariance<object, Size>({
    predicts: 'x0',
    as: 'logVariance',
    apply: (_, x, { t }) => ({
      prediction: scaleBy(x, gather(ofTime(marginals.map((m) => conditional(m).gain)), wholeTimesteps(t))),
      variance: scaleBy(onesLike(x), gather(ofTime(posteriors.map(({ x0: k, sigma }, i) => Math.log(sigma ** 2 + k ** 2 * conditional(marginals[i]!).left))), wholeTimesteps(t))),
    }),
  }),
}; // oxfmt-ignore

/** Φ of the standard normal distribution, by a series that converges fast in the range used here. */
const phi = (z: number): number => {
  let [term, sum] = [z, z];
  for (let n = 1; Math.abs(term) > 1e-17; n++) {
    term *= (z * z) / (2 * n + 1);
    sum += term;
  }
  return 0.5 + sum * Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
}; // oxfmt-ignore

/** -log₂ of the probability of a byte under N(0, C²). */
const bitsOf = (byte: number): number => {
  const [from, to] = [pixelOf(byte - 0.5) / C, pixelOf(byte + 0.5) / C];
  return -Math.log2((byte === 255 ? 1 : phi(to)) - (byte === 0 ? 0 : phi(from)));
};

/** Images whose pixels are bytes over the range of the data, each image covering another part of it. */
const pixelsOf = (n: number) =>
  Uint8Array.from({ length: n * D }, (_, i) => Math.round(127.5 + 90 * Math.sin(i * 2.399963)));
const dataOf = (n: number, labels = new Uint8Array(n)): Dataset<Size> =>
  right(datasetOf({ pixels: pixelsOf(n), labels, image }));

const trainedOf = (model: Model<object, Size>): Trained<object, Size> => ({
  model,
  noising,
  image,
  params: {},
});
const outcome = (
  change: Partial<BoundMeasuring<Size>> = {},
  of = trainedOf(exact),
  on = reference(),
): taskEither.TaskEither<NoisefoldError, DatasetBound> =>
  using(on)(variationalBound<Size>({ data: dataOf(6), batch: 4, key: key(3), correction: uncorrected, ...change })(of));
const boundOf = async (...args: Parameters<typeof outcome>): Promise<DatasetBound> => right(await outcome(...args)());

const meanOf = (numbers: ArrayLike<number>): number => Array.from(numbers).reduce((a, b) => a + b, 0) / numbers.length;

describe('of Gaussian data, whose model is exact,', () => {
  const n = 500;
  const pixels = pixelsOf(n);
  const squares = meanOf(Float64Array.from(pixels, (byte) => pixelOf(byte) ** 2));
  const { learned: _, ...plain } = exact;
  const both = Promise.all([exact, plain].map((model) => boundOf({ data: dataOf(n), batch: 128 }, trainedOf(model))));

  test('the bound is the negative log-likelihood of the bytes, image by image', async () => {
    const [bound, fixed] = (await both) as [DatasetBound, DatasetBound];
    const truth = Array.from({ length: n }, (_, i) => meanOf(Float64Array.from(pixels.subarray(i * D, (i + 1) * D), bitsOf)));
    const off = truth.map((bits, i) => bound.images[i]! - bits);
    const deviation = Math.sqrt(meanOf(off.map((x) => (x - meanOf(off)) ** 2)));
    const most = (5 * deviation) / Math.sqrt(n);
    expect(Math.abs(meanOf(off))).toBeLessThan(most);
    // the loss due to a wrong variance of the steps is distinguishable from chance
    expect(fixed.total - meanOf(truth)).toBeGreaterThan(3 * most);
  }); // oxfmt-ignore

  test('the errors at each t follow from x_0 and ε', async () => {
    const [{ x0Errors, noiseErrors }] = (await both) as [DatasetBound, DatasetBound];
    marginals.forEach((marginal, t) => {
      const { alpha, sigma } = marginal;
      const { gain } = conditional(marginal);
      // x̂₀ - x₀ = p·x₀ + q·ε, and its square has the variance 4·p²·x₀²·q² + 2·q⁴
      const [p, q2] = [gain * alpha - 1, (gain * sigma) ** 2];
      const deviation = Math.sqrt((4 * p ** 2 * squares * q2 + 2 * q2 ** 2) / (n * D));
      expect(Math.abs(x0Errors[t]! - (p ** 2 * squares + q2))).toBeLessThan(5 * deviation);
      expect(noiseErrors[t]! / (x0Errors[t]! * (alpha / sigma) ** 2)).toBeCloseTo(1, 9);
    });
  });

  test('L_0 is by erf, or by the tanh of guided-diffusion', async () => {
    // x̂₀ = 0, and σ₀ = 0.05
    const fixed: Model<object, Size> = {
      ...layer({}, () => null),
      ...learningVariance<object, Size>({
        predicts: 'x0',
        as: 'logVariance',
        apply: (_, x) => ({ prediction: zerosLike(x), variance: fullLike(x, 2 * Math.log(0.05)) }),
      }),
    };
    const data = right(datasetOf({ pixels: new Uint8Array(2 * D).fill(138), image })); // 21/255
    const byTanh = (z: number): number => 0.5 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3)));
    for (const [cdf, below] of [['erf', phi], ['tanh', byTanh], [undefined, phi]] as const) {
      const { terms } = await boundOf({ data, ...(cdf && { cdf }) }, trainedOf(fixed));
      const bits = -Math.log2(below(22 / 255 / 0.05) - below(20 / 255 / 0.05));
      expect(terms[0]).toBeCloseTo(bits, 6); // the image is rounded to float32
    }
  }); // oxfmt-ignore

  test('its terms follow from the errors of x̂₀ for a fixed variance, and add up', async () => {
    const [, { terms, x0Errors, total, prior, images, standardError }] = (await both) as [DatasetBound, DatasetBound];
    const { alpha, sigma: last } = marginals.at(-1)!;
    expect(prior).toBeCloseTo(((alpha ** 2 * squares + last ** 2 - 1) / 2 - Math.log(last)) / Math.LN2, 9);
    posteriors.forEach(({ x0: k, sigma }, t) => {
      if (t > 0) expect(terms[t]! / (((k / sigma) ** 2 * x0Errors[t]!) / 2 / Math.LN2)).toBeCloseTo(1, 9);
    });
    expect(total).toBeCloseTo(meanOf(images), 9);
    expect(total).toBeCloseTo(prior + terms.reduce((a, b) => a + b, 0), 9);
    const spread = Math.sqrt(images.reduce((sum, one) => sum + (one - total) ** 2, 0) / (n - 1));
    expect(standardError).toBeCloseTo(spread / Math.sqrt(n), 9);
  }); // oxfmt-ignore
});

describe('along a continuous path, of Gaussian data whose model is exact,', () => {
  const n = 100;
  const pixels = pixelsOf(n);
  const squares = meanOf(Float64Array.from(pixels, (byte) => pixelOf(byte) ** 2));
  const [min, max] = [0.002, 80];
  /** E[x_0|x_t] of the data, at any noise level. */
  const denoiser: Model<object, Size> = {
    ...layer({}, () => null),
    predicts: 'x0',
    clock: 'level',
    apply: (_, x, { level }) => {
      const { alpha, sigma } = level!;
      return scaleBy(x, div(mul(alpha, C ** 2), add(mul(square(alpha), C ** 2), square(sigma))));
    },
  };
  const measure = (path: Trained<object, Size>['noising'], change: Partial<BoundMeasuring<Size>> = {}) =>
    boundOf({ data: dataOf(n), batch: 128, ...change }, { ...trainedOf(denoiser), noising: path });
  const paths = [rectifiedFlow(), edm(), trigonometric()];
  const all = Promise.all(paths.map((path) => measure(path)));

  const squaresOf = Array.from({ length: n }, (_, i) =>
    meanOf(Float64Array.from(pixels.subarray(i * D, (i + 1) * D), (byte) => pixelOf(byte) ** 2)),
  );
  /** ½·∫ E‖x₀ - x̂₀‖² dSNR between both ends, for a mean square of x₀: E‖x₀ - x̂₀‖² = (x₀² + SNR·C⁴)/(1 + SNR·C²)². */
  const diffusionOf = (square: number): number => {
    const at = (snr: number): number => (Math.log1p(snr * C ** 2) + (1 - square / C ** 2) / (1 + snr * C ** 2)) / 2;
    return at(min ** -2) - at(max ** -2);
  };
  /** The mean bits of a byte around x₀ + σ·ε, by the rule of trapezoids over ε, which converges like the density. */
  const reconstruction = ((bits: (z: number) => number, STEP = 1 / 64) => {
    const zs = Array.from({ length: 12 / STEP + 1 }, (_, i) => i * STEP - 6);
    return zs.reduce((sum, z) => sum + (STEP * Math.exp((-z * z) / 2) * bits(z)) / Math.sqrt(2 * Math.PI), 0);
  })((z) => -Math.log2(phi(1 / 255 / min + z) - phi(-1 / 255 / min + z)));
  const priorOf = { rectifiedFlow: squares / max ** 2 / 2, edm: squares / max ** 2 / 2, trigonometric: (squares / (1 + max ** 2) - 1 / (1 + max ** 2) - Math.log1p(-1 / (1 + max ** 2))) / 2 }; // oxfmt-ignore

  test.each(paths.map((path, i) => [path.name as keyof typeof priorOf, i] as const))(
    'it is the closed form: on %s',
    async (name, i) => {
      const { total, prior, terms, images } = (await all)[i]!;
      expect(prior / (priorOf[name] / Math.LN2)).toBeCloseTo(1, 6); // images are rounded to float32
      expect(terms).toHaveLength(100);
      expect(total).toBeCloseTo(prior + terms.reduce((a, b) => a + b, 0), 9);
      const off = squaresOf.map((square, b) => images[b]! - (prior + reconstruction + diffusionOf(square) / Math.LN2));
      const deviation = Math.sqrt(meanOf(off.map((x) => (x - meanOf(off)) ** 2)));
      expect(Math.abs(meanOf(off))).toBeLessThan((5 * deviation) / Math.sqrt(n));
      // a number of 16 pixels and 100 levels varies by about 1/√1600 of itself
      expect(deviation / total).toBeLessThan(2 / 40);
      // an upper bound of the bits of the bytes
      expect(total - meanOf(Float64Array.from(pixels, bitsOf))).toBeGreaterThan((-5 * deviation) / Math.sqrt(n));
    },
  );

  test('it is the same on every path but for the prior, image by image, and for fewer levels', async () => {
    const [flow, exploding, preserving] = (await all) as [DatasetBound, DatasetBound, DatasetBound]; // oxfmt-ignore
    for (const other of [exploding, preserving])
      other.images.forEach((bits, i) => expect(Math.abs(bits - flow.images[i]!)).toBeLessThan(1e-6));
    const fewer = await measure(edm(), { grid: 30 });
    expect(fewer.terms).toHaveLength(30);
    expect(Math.abs(fewer.total - exploding.total)).toBeLessThan(5 * Math.hypot(fewer.standardError, exploding.standardError)); // oxfmt-ignore
  });

  test('a grid states the levels, and a wrong one is refused', async () => {
    const { terms, prior } = await measure(edm(), { grid: karrasGrid(7, { min: 0.01, max: 50 }) });
    expect(terms).toHaveLength(7);
    expect(prior / (squares / 50 ** 2 / 2 / Math.LN2)).toBeCloseTo(1, 6);
    const error = await leftOf(outcome({ grid: 4 }));
    expect(error.message).toContain(
      'variationalBound.grid: expected none: the bound of a schedule has a term for each',
    );
  });
});

describe('a data set has the same bound', () => {
  test('for any batch size, with an incomplete last batch', async () => {
    const whole = await boundOf({ batch: 6 });
    expect(whole.images).toHaveLength(6);
    for (const batch of [1, 4, 5, 100]) expect(await boundOf({ batch })).toEqual(whole);
  });

  test('of each image, for any number of images after it', async () => {
    const { images } = await boundOf();
    const few = await boundOf({ images: 3 });
    expect(few.images).toEqual(images.subarray(0, 3));
    expect((await boundOf({ images: 1 })).standardError).toBeNaN();
    expect(few.images[0]).not.toBe(few.images[1]);
    expect((await boundOf({ key: key(4) })).images[0]).not.toBe(images[0]);
  });

  test('on wasm, within its precision', async () => {
    const oracle = await boundOf();
    const fast = await boundOf({}, trainedOf(exact), wasm());
    // the probabilities of these bytes are above 2⁻⁸ and are differences of erf, accurate to 4 ulp of 1
    fast.images.forEach((bits, i) =>
      expect(Math.abs(bits - oracle.images[i]!)).toBeLessThan((4 * 2 ** -23 * 2 ** 8) / Math.LN2),
    );
  });
});

describe('a model receives', () => {
  const levels = Uint8Array.of(0, 255, 102, 102, 0);
  const flat = (labels: Uint8Array): Dataset<Size> =>
    right(datasetOf({ pixels: Uint8Array.from({ length: labels.length * D }, (_, i) => levels[labels[Math.floor(i / D)]!]!), labels, image })); // oxfmt-ignore
  const data = flat(Uint8Array.of(2, 0, 1, 1, 2));

  test('the class of each image', async () => {
    const byClass: Model<object, Size> = {
      ...layer({}, () => null),
      predicts: 'x0',
      conditions: { label: { classes: 3 } },
      apply: (_, x, at) => scaleBy(onesLike(x), gather(table([-1, 1, -0.2]), labelOf(at)!)),
    };
    const { x0Errors, terms } = await boundOf({ data, batch: 2 }, trainedOf(byClass));
    x0Errors.forEach((error) => expect(error).toBeLessThan(1e-15));
    terms.subarray(1).forEach((bits) => expect(bits).toBeLessThan(1e-12));
    const error = await leftOf(outcome({ data }, trainedOf({ ...byClass, conditions: { label: { classes: 2 } } })));
    expect(error.message).toContain('data set: label at 0: expected a class of the model, 0 to 1, got 2');
  });

  test('a condition, made from the images', async () => {
    const enlarging: Model<object, Size> = {
      ...layer({}, () => null),
      predicts: 'x0',
      conditions: { small: { image: 1 } },
      apply: (_, x, at) => ascribeLike(upsample(imageOf(at, 'small')!.image), x),
    };
    const conditions = { small: superResolution({ factor: 2 }) };
    const { x0Errors } = await boundOf({ data, batch: 2, conditions }, trainedOf(enlarging));
    x0Errors.forEach((error) => expect(error).toBeLessThan(1e-15));
    const error = await leftOf(outcome({ data }, trainedOf(enlarging)));
    expect(error.message).toContain('data set: conditions.small: expected a value of each image');
  });

  test('the timesteps of its training, for a process that has fewer', async () => {
    const short = right(respace(spaced(4))(noising));
    const { terms, total } = await boundOf({}, { ...trainedOf(exact), noising: short });
    expect(terms).toHaveLength(4);
    expect(total).toBeGreaterThan(0);
  });
});

describe('during the measurement', () => {
  const onWasm = async <A>(effects: (backend: Backend) => Promise<A>): Promise<A> =>
    right(await using(wasm())((backend) => TE.fromTask(() => effects(backend)))());

  test('each step is reported, memory does not grow, and all memory is freed', () =>
    onWasm(async (backend) => {
      const before = backend.stats().bytes;
      const seen: number[] = [];
      const held = new Set<number>();
      const onStep = (done: number, of: number) => {
        expect(of).toBe(3 * 12);
        seen.push(done);
        held.add(backend.stats().bytes);
      };
      right(await variationalBound<Size>({ data: dataOf(5), batch: 2, key: key(3), onStep })(trainedOf(exact))(backend)()); // oxfmt-ignore
      expect(seen).toEqual(Array.from({ length: 36 }, (_, i) => i + 1));
      expect(held.size).toBe(1);
      expect(backend.stats().bytes).toBe(before);
    }));

  test('a signal ends it before the next step', () =>
    onWasm(async (backend) => {
      const stop = new AbortController();
      let last = 0;
      const onStep = (done: number) => {
        last = done;
        if (done === 15) stop.abort();
      };
      const measuring = { data: dataOf(5), batch: 2, key: key(3), onStep, signal: stop.signal };
      const error = await leftOf(variationalBound<Size>(measuring)(trainedOf(exact))(backend));
      expect(error).toMatchObject({ _tag: 'Cancelled', where: 'variational bound, step 3' });
      expect(last).toBe(15);
      expect(backend.stats().bytes).toBe(0);
    }));
});

test('a bound that is NaN is a NonFinite error that names the image', async () => {
  const spoilt: Model<object, Size> = {
    ...layer({}, () => null),
    predicts: 'x0',
    apply: (_, x) => scaleBy(x, table(Float32Array.of(1, 1, NaN, 1)) as never) as typeof x,
  };
  expect(await leftOf(outcome({ batch: 4, data: dataOf(4) }, trainedOf(spoilt)))).toMatchObject({
    _tag: 'NonFinite',
    where: 'variationalBound: image 2',
    actual: 'NaN',
  });
});

describe('invalid arguments are refused before anything runs', () => {
  const between: Dataset<Size> = {
    ...dataOf(6),
    batch: (positions) =>
      TE.map(({ images, labels }: Batch) => ({ labels, images: images.map((x, i) => (positions[Math.floor(i / D)] === 5 ? 0.99 * x : x)) }))(dataOf(6).batch(positions)),
  }; // oxfmt-ignore
  const misspelt: object = { sigma: 1 };
  test.each([
    [{ batch: 0 }, 'variationalBound.batch: expected an integer ≥ 1, got 0'],
    [{ images: 0 }, 'variationalBound.images: expected an integer ≥ 1, got 0'],
    [{ variance: 'fixed' as 'beta' }, "variationalBound.variance: expected 'posterior' or 'beta', got \"fixed\""],
    [misspelt, 'expected one of the fields data, batch, key,'],
    [{ data: between }, 'variationalBound: image at 5: expected bytes as levels of [-1, 1]: byte/127.5 - 1, got'],
    [{ data: { ...dataOf(6), size: 0 } }, 'variationalBound: expected a data set of 1 to 2^31 - 1 images'],
    [{ data: { ...dataOf(6), image: [4, 2, 1] as never } }, 'variationalBound: data: expected images [4, 4, 1], as the model takes them, got [4, 2, 1]'],
  ])('%#', async (change, says) => {
    const steps: number[] = [];
    const error = await leftOf(outcome({ ...change, onStep: (done) => void steps.push(done) }));
    expect(error._tag).toBe('ConfigError');
    expect(error.message).toContain(says);
    expect(steps).toEqual([]);
  }); // oxfmt-ignore
});
