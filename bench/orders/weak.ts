/**
 * The order of stochastic solvers: the distance between the law of their samples and that of the data. For a `Product` each
 * direction is independent, and quadrature propagates the law from step to step without drawing.
 */
import type { ContinuousNoising, Solver, SolverStep } from 'noisefold/diffusion';
import type { Backend } from 'noisefold/dsl';
import type { Walk } from '../../properties/oracles/solverWalk.js';
import type { Vector } from './flow.js';
import { addGaussian, type Cloud, cloudOf, distance, gaussiansAt } from './law.js';
import { type Stretch, walkAlong, wayOf } from './path.js';
import { mixtureOf, type Product } from './products.js';

/** The place where a step adds noise: to its result; or to x_t, before the denoiser. */
export type Noise = 'after' | 'before';

/** A sample with the given coordinates of x_t, memory and noise along every direction. */
interface Row {
  readonly x: number;
  readonly memory: number;
  readonly noise: number;
}

const rowOf = (x: number, memory = 0, noise = 0): Row => ({ x, memory, noise });

/** The results of a step along a direction, and its memory there. */
interface Image {
  readonly x: Vector;
  readonly memory: Vector;
}

/** A step of samples, given as rows: its results along each direction. */
const stepOf =
  (walk: Walk, { directions }: Product) =>
  async (index: number, rows: readonly Row[]): Promise<readonly Image[]> => {
    const size = directions[0]!.unit.length;
    const diagonal = Array.from({ length: size }, (_, i) => directions.reduce((sum, { unit }) => sum + unit[i]!, 0));
    const samples = (part: keyof Row): Float64Array => {
      const all = new Float64Array(rows.length * size);
      rows.forEach((row, r) => diagonal.forEach((d, i) => (all[r * size + i] = row[part] * d)));
      return all;
    };
    const along = (unit: Vector, batch: Float64Array): Vector =>
      rows.map((_, r) => unit.reduce((sum, u, i) => sum + u * batch[r * size + i]!, 0));
    const memory = Array.from({ length: walk.memory }, () => samples('memory'));
    const after = await walk.step(index, { x: samples('x'), memory }, samples('noise'));
    return directions.map(({ unit }) => ({
      x: along(unit, after.x),
      memory: after.memory.length === 0 ? rows.map(() => 0) : along(unit, after.memory[0]!),
    }));
  };

type Step = ReturnType<typeof stepOf>;

/** The additive parts of a step, independent of x_t: the deviation of its noise, and the coefficient of its memory. */
interface Addition {
  readonly noise: number;
  readonly ofMemory: number;
}

const ROUNDING = 1e-12;

/** Checks that they are additive: the propagation of laws assumes it. */
const agreeing = (addition: Addition, actual: number, expected: number): Addition => {
  if (Math.abs(actual - expected) > ROUNDING)
    throw new Error(`noise or memory is no addition to a step: ${actual}, and not ${expected}`);
  return addition;
};

const PROBES = 5;

/** The deviation of the noise before a step, of x_t divided by √(α² + σ²). */
const deviationBefore = ({ from, stages }: SolverStep): number => {
  const { alpha, sigma } = stages[0]!.churn!;
  return sigma / alpha / Math.hypot(from.alpha, from.sigma);
};

const additionAt = async (step: Step, index: number, plan: SolverStep, enters: Noise): Promise<Addition> => {
  if (enters === 'after') {
    const rows = [rowOf(0), rowOf(0, 0, 1), rowOf(0, 1, 0), rowOf(1), rowOf(1, 1, 1)];
    const [at0, noisy, remembering, at1, all] = (await step(index, rows))[0]!.x;
    const addition = { noise: noisy! - at0!, ofMemory: remembering! - at0! };
    return agreeing(addition, all!, at1! + addition.noise + addition.ofMemory);
  }
  const noise = deviationBefore(plan);
  const rows = [rowOf(noise), rowOf(0, 0, 1), rowOf(1 + noise), rowOf(1, 0, 1), rowOf(0)];
  const [at0, raised0, at1, raised1] = (await step(index, rows))[0]!.x;
  agreeing({ noise, ofMemory: 0 }, raised0!, at0!);
  return agreeing({ noise, ofMemory: 0 }, raised1!, at1!);
};

/** The smallest weight that counts. */
const NOTHING = 1e-16;

/** The law on a line after a step that maps the points of a grid. */
const stepped = (
  clouds: readonly Cloud[],
  grid: Vector,
  image: Image,
  { noise: deviation, ofMemory }: Addition,
  enters: Noise,
): readonly Cloud[] => {
  const none = (): Float64Array => new Float64Array(grid.length);
  const spread = (to: Float64Array, mean: number, weight: number): void => {
    if (weight > NOTHING) addGaussian(to, grid, { mean, deviation, weight });
  };
  if (enters === 'before') {
    const weights = none();
    for (const { places, weights: own } of clouds) places.forEach((place, i) => spread(weights, place, own[i]!));
    return [{ places: image.x, weights, remembered: 0 }];
  }
  // memory belongs to the point where it was made: one cloud for each point
  const next = new Map<number, Float64Array>();
  const into = (remembered: number): Float64Array => {
    const known = next.get(remembered) ?? none();
    next.set(remembered, known);
    return known;
  };
  const targets = image.memory.map(into);
  for (const { weights, remembered } of clouds)
    weights.forEach((weight, i) => spread(targets[i]!, image.x[i]! + ofMemory * remembered, weight));
  return Array.from(next, ([remembered, weights]) => ({ places: grid, weights, remembered }));
};

/** The interval of x_t along a direction; 1e-8 of the law lies outside. */
const FURTHEST = 6;
/** The spacing of a grid in units of the smallest added deviation: sums are then integrals to 1e-11. */
const SPACING = 0.9;

const gridOf = (additions: readonly Addition[]): Vector => {
  const least = Math.min(...additions.map(({ noise }) => noise));
  const half = Math.ceil(FURTHEST / (SPACING * least));
  return Array.from({ length: 2 * half + 1 }, (_, i) => (FURTHEST * (i - half)) / half);
};

/** The error after n steps along a path: the largest over the directions. */
export const weakError = async (
  backend: Backend,
  product: Product,
  noising: ContinuousNoising,
  { solver, noise: enters }: { readonly solver: Solver; readonly noise: Noise },
  stretch: Stretch,
  n: number,
): Promise<number> => {
  const { directions, variance } = product;
  const { plan } = wayOf(noising, solver, stretch, n);
  const mixture = mixtureOf(product);
  const probe = await walkAlong(backend, plan, mixture, PROBES);
  const additions: Addition[] = [];
  for (const [index, step] of plan.entries())
    additions.push(await additionAt(stepOf(probe, product), index, step, enters));
  probe.release();
  const grid = gridOf(additions);
  const rows = grid.map((x) => rowOf(x));
  const walk = await walkAlong(backend, plan, mixture, rows.length);
  let laws: readonly (readonly Cloud[])[] = directions.map((direction) => [
    cloudOf(gaussiansAt(direction, variance, stretch.from), grid),
  ]);
  for (const [index, addition] of additions.entries()) {
    const images = await stepOf(walk, product)(index, rows);
    laws = laws.map((clouds, d) => stepped(clouds, grid, images[d]!, addition, enters));
  }
  walk.release();
  return Math.max(...laws.map((clouds, d) => distance(clouds, gaussiansAt(directions[d]!, variance, stretch.to))));
};
