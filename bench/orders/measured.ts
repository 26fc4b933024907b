/** The measured order of a solver along a path. */
import type { ContinuousNoising, Solver } from 'noisefold/diffusion';
import type { Backend } from 'noisefold/dsl';
import type { Case } from './cases.js';
import { type Stretch, wayOf } from './path.js';
import type { Product } from './products.js';
import { type Course, strongError } from './strong.js';
import { weakError } from './weak.js';

/** Numbers of steps: four halvings, divisible by three. */
export const STEPS = { strong: [36, 72, 144, 288, 576], weak: [18, 36, 72, 144, 288] };

export interface Order {
  readonly order: number;
  /** The order without exact starting values; null if it needs none. */
  readonly alone: number | null;
  /** The error of the finest steps. */
  readonly finest: number;
  /** The number of evaluations beyond one a step, for a solver whose start takes more; null for others. */
  readonly more: number | null;
}

/** The flow of the data in both directions; and data whose law is propagated. */
export interface Ground {
  readonly course: Course;
  readonly back: Course;
  readonly law: Product;
}

/** The order over all halvings. */
const orderOf = (errors: readonly number[]): number => Math.log2(errors[0]! / errors.at(-1)!) / (errors.length - 1);

const errorsOf = async (
  steps: readonly number[],
  errorWith: (n: number) => Promise<number>,
): Promise<readonly number[]> => {
  const errors: number[] = [];
  for (const n of steps) errors.push(await errorWith(n));
  return errors;
};

/** The number of evaluations beyond one a step. */
const moreOf = (noising: ContinuousNoising, solver: Solver, stretch: Stretch, n: number): number =>
  wayOf(noising, solver, stretch, n).plan.reduce((sum, { stages }) => sum + stages.length, -n);

export const measure = async (
  backend: Backend,
  { course, back, law }: Ground,
  noising: ContinuousNoising,
  one: Case,
): Promise<Order> => {
  const errorsWith = (count: number): Promise<readonly number[]> =>
    errorsOf(STEPS[one.error], (n) =>
      one.error === 'weak'
        ? weakError(backend, law, noising, one.on(n), course.stretch, n)
        : strongError(backend, one.encodes ? back : course, noising, one.solver, n, count),
    );
  const exact = one.error === 'strong' ? one.exact : undefined;
  const starts = one.error === 'strong' && one.more !== undefined;
  const errors = await errorsWith(exact ?? 0);
  return {
    order: orderOf(errors),
    alone: exact !== undefined ? orderOf(await errorsWith(0)) : null,
    finest: errors.at(-1)!,
    more: starts ? moreOf(noising, one.solver, course.stretch, STEPS.strong[0]!) : null,
  };
};
