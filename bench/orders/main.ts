/**
 * `npm run bench -- orders`: the order of convergence of every solver with fixed steps, along three paths, with the exact
 * denoiser of a mixture of Gaussians, in the plane and of images, compared with its theoretical order. Fails if the two
 * differ by more than 0.2 over four halvings of the step. `-- orders NAME` measures only solvers whose names contain NAME.
 */
import type { Backend } from 'noisefold/dsl';
import { using } from 'noisefold/dsl';
import { reference } from 'noisefold/backends/reference';
import { either as E } from 'fp-ts';
import { orThrow } from '../table.js';
import { type Case, casesOf } from './cases.js';
import { FREQUENCIES } from './law.js';
import { type Ground, type Order, measure, STEPS } from './measured.js';
import { images, plane } from './mixtures.js';
import { PATHS, type Stretch } from './path.js';
import { lattice, patterns } from './products.js';
import { courseOf } from './strong.js';

/** An interval of λ, half of the log-SNR, around equal signal and noise, where the denoiser is most nonlinear. */
const STRETCH: Stretch = { from: -1, to: 1 };
const TOLERANCE = 0.2;

/** The data: in the plane, and images. */
const SUBJECTS = [
  { flow: plane, law: lattice },
  { flow: images, law: patterns },
];

const WIDTH = 5;

/** The orders on all paths, and the largest error of the finest steps. */
const cell = (orders: readonly Order[]): string =>
  [
    ...orders.map(({ order }) => order.toFixed(2).padEnd(WIDTH)),
    Math.max(...orders.map(({ finest }) => finest)).toExponential(1),
  ].join('');

const columns = (cells: readonly string[]): string => cells.map((one) => one.padEnd(3 * WIDTH + 9)).join('');

/** The source of the order, and what it needs; `orders` for each of the data on each path. */
const notes = (one: Case, orders: readonly (readonly Order[])[]): string => {
  const { exact, more } = one.error === 'strong' ? one : {};
  const alone = orders.map((onPaths) => onPaths.map((each) => each.alone?.toFixed(2)).join(' ')).join(', ');
  const evaluations = orders[0]!.map((each) => each.more);
  return [
    one.says,
    ...(exact === undefined ? [] : [`${exact} exact starting values (without: ${alone})`]),
    ...(more === undefined ? [] : [`${more} evaluations more at the start (found: ${evaluations.join(', ')})`]),
  ].join('; ');
};

const line = (one: Case, orders: readonly (readonly Order[])[], met: boolean): string =>
  [
    one.name.padEnd(28),
    one.error.padEnd(7),
    `${one.theory}`.padEnd(7),
    columns(orders.map(cell)),
    met ? 'met   ' : 'MISSED',
    notes(one, orders),
  ].join(' ');

/** Tests if a solver has its order, and the start that it should have. */
const isMet = (one: Case, { order, more }: Order): boolean =>
  Math.abs(order - one.theory) <= TOLERANCE && (one.error === 'weak' || more === (one.more ?? null));

const of = (steps: readonly number[]): string => `${steps.join(', ')} steps`;

const EXPLANATION = `Order of convergence over four halvings of the step, steps equal in λ from ${STRETCH.from} to ${STRETCH.to}, along three paths:
  ${PATHS.map(({ name, noising }) => `${name}: ${noising.name}()`).join(', ')}. Then the largest error of the finest steps.
strong: ‖x - x*‖/‖x*‖, x* where the probability flow leads from the same x (Runge-Kutta of order 4 on the host), with
  ${of(STEPS.strong)}, on three Gaussians of unlike variances.
weak: |E e^{iκx} - its value in the data|, x a coordinate of what is drawn, the largest over κ = ${FREQUENCIES.join(', ')} and coordinates, with
  ${of(STEPS.weak)}, on Gaussians of one variance whose means are a lattice: along its directions coordinates are
  independent, and the law of each goes from step to step by quadrature on a line, without drawing.
x is divided by √(α² + σ²), so that its values are the same on all paths.
Excluded: consistency, on all paths. It is no discretization, and exact in any number of steps if the denoiser is.
`;

const names = PATHS.map(({ name }) => name.padEnd(WIDTH)).join('');
const HEAD = `${' '.repeat(45)}${columns(SUBJECTS.map(({ flow }) => flow.name))}
${'solver'.padEnd(28)} error   theory  ${columns(SUBJECTS.map(() => `${names}error`))}`;

const orders = (backend: Backend) => async (): Promise<E.Either<never, boolean>> => {
  const grounds = SUBJECTS.map(({ flow, law }): Ground => ({
    course: courseOf(flow, STRETCH),
    back: courseOf(flow, { from: STRETCH.to, to: STRETCH.from }),
    law,
  }));
  console.log(EXPLANATION);
  console.log(HEAD);
  const [, , part = ''] = process.argv;
  const cases = casesOf(STRETCH.to - STRETCH.from).filter(({ name }) => name.includes(part));
  let allMet = cases.length > 0;
  for (const one of cases) {
    const orders: (readonly Order[])[] = [];
    for (const ground of grounds) {
      const onPaths: Order[] = [];
      for (const { noising } of PATHS) onPaths.push(await measure(backend, ground, noising, one));
      orders.push(onPaths);
    }
    const met = orders.flat().every((each) => isMet(one, each));
    allMet &&= met;
    console.log(line(one, orders, met));
  }
  return E.right(allMet);
};

process.exitCode = orThrow(await using(reference())(orders)()) ? 0 : 1;
