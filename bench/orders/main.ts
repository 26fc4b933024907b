/**
 * `npm run diffusion:orders`: the order of convergence of every solver with the exact denoiser of a mixture of
 * Gaussians, in the plane and of images, beside the order that theory gives it. Fails where the two differ by more
 * than 0.2 over four halvings of the step.
 */
import type { Backend, Shape } from 'noisefold/dsl';
import { using } from 'noisefold/dsl';
import { reference } from 'noisefold/backends/reference';
import { either as E } from 'fp-ts';
import { orThrow } from '../table.js';
import { type Case, casesOf } from './cases.js';
import { images, plane, type Subject } from './mixtures.js';
import { type Course, courseOf, type Stretch, strongError } from './strong.js';
import { weakError } from './weak.js';

/** In λ, half of the log-SNR: around where signal and noise are equal, and the denoiser is furthest from linear. */
const STRETCH: Stretch = { from: -1, to: 1 };
/** Four halvings of the step; steps of three legs fit. */
const LEGS = [36, 72, 144, 288, 576];
const TOLERANCE = 0.2;

const subjects: readonly Subject<Shape>[] = [plane, images];

/** The order over all the halvings. */
const orderOf = (errors: readonly number[]): number =>
  Math.log2(errors[0]! / errors.at(-1)!) / (errors.length - 1);

interface Measured {
  readonly order: number;
  /** The order without starting values, where they were given. */
  readonly alone: number | null;
  readonly finest: number;
}

const measured = async (backend: Backend, course: Course, back: Course, one: Case): Promise<Measured> => {
  const errorsWith = async (given: number): Promise<readonly number[]> => {
    const errors: number[] = [];
    for (const n of LEGS)
      errors.push(
        one.error === 'weak'
          ? await weakError(backend, course.subject, one.solver(n), STRETCH, n)
          : await strongError(backend, one.encodes ? back : course, one.solver(n), n, given),
      );
    return errors;
  };
  const errors = await errorsWith(one.given ?? 0);
  return {
    order: orderOf(errors),
    alone: one.given !== undefined ? orderOf(await errorsWith(0)) : null,
    finest: errors.at(-1)!,
  };
};

const line = (one: Case, of: readonly Measured[], met: boolean): string =>
  [
    one.name.padEnd(25),
    one.error.padEnd(7),
    `${one.theory}`.padEnd(7),
    ...of.map(({ order, finest }) => `${order.toFixed(2)}  ${finest.toExponential(1)}`.padEnd(16)),
    met ? 'met   ' : 'MISSED',
    one.says +
      (of[0]!.alone === null
        ? ''
        : `; ${one.given} exact starting values (without: ${of.map(({ alone }) => alone!.toFixed(2)).join(', ')})`),
  ].join(' ');

const EXPLANATION = `Order of convergence over ${LEGS.length - 1} halvings of the step, ${LEGS.join(', ')} legs equal in λ from ${STRETCH.from} to ${STRETCH.to}; the error at ${LEGS.at(-1)} legs.
strong: ‖x - x*‖/‖x*‖, x* where the probability flow leads from the same x (Runge-Kutta of order 4 on the host).
weak: the larger error of mean and variance on the first Gaussian of the data, propagated exactly, without drawing.
consistency is not in the table: it is no discretization, and exact in any number of steps if the denoiser is.
`;

const orders = (backend: Backend) => async (): Promise<E.Either<never, boolean>> => {
  const courses = subjects.map((subject) => courseOf(subject, STRETCH));
  const back = subjects.map((subject) => courseOf(subject, { from: STRETCH.to, to: STRETCH.from }));
  console.log(EXPLANATION);
  console.log(
    `${'solver'.padEnd(25)} error   theory  ${subjects.map(({ name }) => name.padEnd(16)).join(' ')}`,
  );
  let allMet = true;
  for (const one of casesOf(STRETCH.to - STRETCH.from)) {
    const of: Measured[] = [];
    for (const [i, course] of courses.entries()) of.push(await measured(backend, course, back[i]!, one));
    const met = of.every(({ order }) => Math.abs(order - one.theory) <= TOLERANCE);
    allMet &&= met;
    console.log(line(one, of, met));
  }
  return E.right(allMet);
};

process.exitCode = orThrow(await using(reference())(orders)()) ? 0 : 1;
