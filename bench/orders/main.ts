/**
 * `npm run diffusion:orders`: the order of convergence of every solver with the exact denoiser of a mixture of
 * Gaussians, in the plane and of images, compared with its theoretical order. Fails if the two differ by more than 0.2
 * over four halvings of the step.
 */
import type { Backend } from 'noisefold/dsl';
import { using } from 'noisefold/dsl';
import { reference } from 'noisefold/backends/reference';
import { either as E } from 'fp-ts';
import { orThrow } from '../table.js';
import { type Case, casesOf } from './cases.js';
import { images, plane } from './mixtures.js';
import { lattice, patterns, type Product } from './products.js';
import { type Course, courseOf, type Stretch, strongError } from './strong.js';
import { FREQUENCIES } from './law.js';
import { weakError } from './weak.js';

/** An interval of λ, half of the log-SNR, around equal signal and noise, where the denoiser is most nonlinear. */
const STRETCH: Stretch = { from: -1, to: 1 };
/** Numbers of steps: four halvings, divisible by three. */
const STEPS = { strong: [36, 72, 144, 288, 576], weak: [18, 36, 72, 144, 288] };
const TOLERANCE = 0.2;

/** The data: in the plane, and images. */
const SUBJECTS = [
  { flow: plane, law: lattice },
  { flow: images, law: patterns },
];

/** The order over all halvings. */
const orderOf = (errors: readonly number[]): number => Math.log2(errors[0]! / errors.at(-1)!) / (errors.length - 1);

interface Measured {
  readonly order: number;
  /** The order without exact starting values. */
  readonly alone: number | null;
  readonly finest: number;
}

/** The flow of the data in both directions; and data whose law is propagated. */
interface Ground {
  readonly course: Course;
  readonly back: Course;
  readonly law: Product;
}

const errorsOf = async (
  steps: readonly number[],
  errorWith: (n: number) => Promise<number>,
): Promise<readonly number[]> => {
  const errors: number[] = [];
  for (const n of steps) errors.push(await errorWith(n));
  return errors;
};

const measured = async (backend: Backend, { course, back, law }: Ground, one: Case): Promise<Measured> => {
  const errorsWith = (given: number): Promise<readonly number[]> =>
    errorsOf(STEPS[one.error], (n) =>
      one.error === 'weak'
        ? weakError(backend, law, one.on(n), STRETCH, n)
        : strongError(backend, one.encodes ? back : course, one.solver, n, given),
    );
  const given = one.error === 'strong' ? one.given : undefined;
  const errors = await errorsWith(given ?? 0);
  return {
    order: orderOf(errors),
    alone: given !== undefined ? orderOf(await errorsWith(0)) : null,
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
        : `; ${one.error === 'strong' ? one.given : ''} exact starting values (without: ${of.map(({ alone }) => alone!.toFixed(2)).join(', ')})`),
  ].join(' ');

const of = (steps: readonly number[]): string => `${steps.join(', ')} steps`;

const EXPLANATION = `Order of convergence over four halvings of the step, steps equal in λ from ${STRETCH.from} to ${STRETCH.to}; and the error of the finest.
strong: ‖x - x*‖/‖x*‖, x* where the probability flow leads from the same x (Runge-Kutta of order 4 on the host), with
  ${of(STEPS.strong)}, on three Gaussians of unlike variances.
weak: |E e^{iκx} - its value in the data|, x a coordinate of what is drawn, the largest over κ = ${FREQUENCIES.join(', ')} and coordinates, with
  ${of(STEPS.weak)}, on Gaussians of one variance whose means are a lattice: along its directions coordinates are
  independent, and the law of each goes from step to step by quadrature on a line, without drawing.
consistency is not in the table: it is no discretization, and exact in any number of steps if the denoiser is.
`;

const orders = (backend: Backend) => async (): Promise<E.Either<never, boolean>> => {
  const grounds = SUBJECTS.map(({ flow, law }) => ({
    course: courseOf(flow, STRETCH),
    back: courseOf(flow, { from: STRETCH.to, to: STRETCH.from }),
    law,
  }));
  console.log(EXPLANATION);
  console.log(`${'solver'.padEnd(25)} error   theory  ${SUBJECTS.map(({ flow }) => flow.name.padEnd(16)).join(' ')}`);
  let allMet = true;
  for (const one of casesOf(STRETCH.to - STRETCH.from)) {
    const found: Measured[] = [];
    for (const ground of grounds) found.push(await measured(backend, ground, one));
    const met = found.every(({ order }) => Math.abs(order - one.theory) <= TOLERANCE);
    allMet &&= met;
    console.log(line(one, found, met));
  }
  return E.right(allMet);
};

process.exitCode = orThrow(await using(reference())(orders)()) ? 0 : 1;
