/**
 * Samples by the schedulers of diffusers, as `loadDiffusers` reads them, in float64 on the reference: they equal those of
 * diffusers, or a note gives the size of the difference.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type Denoiser,
  learningVariance,
  type Noise,
  type NoiseNetwork,
  preconditioned,
  sampler,
} from '../../src/diffusion/index.js';
import { add, ascribeLike, cast, constantOf, div, mul, reshape, scalar, scaleBy, onesLike, type Shape, sin, tanh, type Tensor } from '../../src/dsl/index.js'; // oxfmt-ignore
import { readScheduler } from '../../src/weights/schedulers/readScheduler.js';
import { detNoise } from '../golden/gaussianDiffusion.js';
import { numbersOf, right } from './run.js';

interface Case {
  readonly class: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly steps: number;
  /** An argument of each step. */
  readonly eta?: number;
  readonly x: readonly number[];
}

const { cases, rounded } = JSON.parse(
  readFileSync(new URL('../golden/loadedSchedulers.json', import.meta.url), 'utf8'),
) as {
  readonly cases: readonly Case[];
  readonly rounded: readonly Case[];
};

type Image = [1, 2];
const image = (numbers: readonly number[]): Tensor<[2, ...Image]> => constantOf(numbers, 2, 1, 2);

/** 0.9·tanh(0.8·x + 0.3·sin(t/100)), and the position 0.5·sin(3·x + t/50) of a learned variance. */
const denoiserOf = (
  predicts: Denoiser<null, Image>['predicts'],
  learnsVariance: boolean | null,
): Denoiser<null, Image> => {
  const model: Denoiser<null, Image> = {
    predicts,
    apply: (_, x, { t }) => {
      const time = scaleBy(onesLike(x), sin(div(cast(t, 'float32'), 100))) as typeof x;
      return mul(tanh(add(mul(x, 0.8), mul(time, 0.3))), 0.9);
    },
  };
  return learnsVariance === true
    ? learningVariance<null, Image>({
        predicts,
        as: 'range',
        apply: (params, x, at) => ({
          prediction: model.apply(params, x, at),
          variance: mul(sin(add(mul(x, 3), scaleBy(onesLike(x), div(cast(at.t, 'float32'), 50)) as typeof x)), 0.5),
        }),
      })
    : model;
};

const read = ({ class: name, settings, steps, eta }: Case) =>
  right(readScheduler('s', { _class_name: name, ...settings }, steps, eta));

/** The greatest difference of our samples, in % of their greatest number. */
const measure = async (golden: Case): Promise<number> => {
  const { noising, predicts, learnsVariance, preconditioning, sampling } = read(golden);
  const network = denoiserOf(predicts, learnsVariance);
  const denoiser = preconditioning
    ? right(preconditioned(network as NoiseNetwork<null, Image>, preconditioning))
    : network; // its times are float
  const ours = await numbersOf((key) => {
    let step = 0;
    const noise: Noise = (x) => () => ascribeLike(image(detNoise(4, 10 + step)) as Tensor<Shape>, x); // of the step in work
    const result = right(sampler({ noising, denoiser, ...sampling, noise }));
    let state = result.start(image(detNoise(4, 1)));
    for (; step < result.steps; step++) ({ state } = result.step(null, state, { index: scalar(step, 'int32'), key }));
    return reshape(state.x, 4) as Tensor<Shape>;
  });
  const most = Math.max(...golden.x.map(Math.abs));
  return (100 * Math.max(...ours.map((x, i) => Math.abs(x - golden.x[i]!)))) / most;
};

const known = new Map<Case, Promise<number>>();
const differenceOf = (golden: Case): Promise<number> => {
  const difference = known.get(golden) ?? measure(golden);
  known.set(golden, difference);
  return difference;
};

/** The size that a note gives, in %; null if no note is about a difference. */
const notedIn = (notes: readonly string[]): number | null => {
  const sizes = notes.flatMap((note) => /up to ([\d.]+) %/.exec(note)?.[1] ?? []);
  return sizes.length === 0 ? null : Math.max(...sizes.map(Number));
};
const isExact = (golden: Case): boolean => notedIn(read(golden).notes) === null;
const sizeOf = (golden: Case): number => notedIn(read(golden).notes) ?? 0;

describe('without a note of a size, the samples are those of diffusers', () => {
  // a fixed small variance leaves noise of 1e-10 after the last step
  test.each(cases.filter(isExact))('$class $settings, $steps steps', async (golden) => {
    expect(await differenceOf(golden)).toBeLessThan(1e-7);
  });
});

describe('with a note of a size, the samples differ by at most that', () => {
  const noted = cases.filter((golden) => !isExact(golden));
  test.each(noted)('$class $settings, $steps steps', async (golden) => {
    const difference = await differenceOf(golden);
    expect(difference).toBeGreaterThan(1e-4);
    expect(difference).toBeLessThan(sizeOf(golden));
  });

  test('which some of them reach', async () => {
    const sizes = [210, 300];
    expect([...new Set(noted.map(sizeOf))].sort((a, b) => a - b)).toEqual(sizes);
    for (const size of sizes) {
      const differences = await Promise.all(noted.filter((golden) => sizeOf(golden) === size).map(differenceOf));
      expect(Math.max(...differences)).toBeGreaterThan(0.8 * size);
    }
  });
});

describe('with timesteps that diffusers rounds in 32 bits, the samples differ by at most the size of the note', () => {
  const most = (golden: Case): number =>
    Math.max(...read(golden).notes.map((note) => Number(/by at most ([\d.]+) %/.exec(note)?.[1] ?? 0)));
  test.each(rounded)('$class $settings, $steps steps', async (golden) => {
    const difference = await differenceOf(golden);
    expect(difference).toBeGreaterThan(1e-4);
    expect(difference).toBeLessThan(most(golden));
  });

  test('which some of them reach', async () => {
    for (const size of [0.5, 3]) {
      const differences = await Promise.all(rounded.filter((golden) => most(golden) === size).map(differenceOf));
      expect(Math.max(...differences)).toBeGreaterThan(0.8 * size);
    }
  });
});
