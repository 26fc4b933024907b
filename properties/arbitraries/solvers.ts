/** Solvers by name. */
import fc from 'fast-check';
import {
  ancestral,
  ddim,
  dpmSolverPP,
  dpmSolverPPSde,
  dpmSolverPPSinglestep,
  euler,
  eulerAncestral,
  type Grid,
  gridOf,
  heun,
  levelsOf,
  lms,
  type SolverPlan,
  pndm,
  type DiscreteNoising,
  type Solver,
  uniPC,
  deis,
  dpmSolver,
  dpmSolverFast,
  dpmSolverPP2SAncestral,
  dpmSolverPPSdeSinglestep,
  kdpm2,
  kdpm2Ancestral,
  rungeKutta,
  saSolver,
  tcd,
} from 'noisefold/diffusion';
import { valueOf } from '../oracles/plans.js';

/** A process and a grid of its timesteps. */
export interface Gridded {
  readonly noising: DiscreteNoising;
  readonly grid: number | Grid;
  /** False to end at the last level of the grid; true, at the data, if left out. */
  readonly toData?: boolean;
}

/** The steps of a solver on a grid. */
export const planOn = (solver: Solver, { noising, grid, toData = true }: Gridded): SolverPlan => {
  const levels = levelsOf(noising, valueOf(gridOf(grid)(noising)));
  return valueOf(solver.plan(toData ? levels : levels.slice(0, -1), noising));
};

/** A solver, and the tolerance for the variance of its samples of Gaussian data at 400 steps. */
export interface Named {
  readonly name: string;
  readonly solver: Solver;
  readonly accuracy: number;
  /** True if its last step returns exactly x̂₀. */
  readonly endsAtX0: boolean;
  /** True if a step joins several ε̂, and so carries on x/√ᾱ with its rounding. */
  readonly ofNoises: boolean;
}

const named =
  (accuracy: number, { endsAtX0 = true, ofNoises = !endsAtX0 }: Partial<Pick<Named, 'endsAtX0' | 'ofNoises'>> = {}) =>
  <const O>(name: string, make: (options: O) => Solver, options: readonly O[]): readonly Named[] =>
    options.map((one) => ({ name: `${name} ${JSON.stringify(one)}`, solver: make(one), accuracy, endsAtX0, ofNoises }));

const [first, second, churned] = [named(0.05), named(0.015), named(0.08)];
const ofNoises = named(0.015, { endsAtX0: false });
/** Several ε̂, but x̂₀ at the end. */
const ofSlopes = named(0.015, { ofNoises: true });
const ofOrders = <const N extends number>(...orders: readonly N[]): readonly { readonly order: N }[] =>
  orders.map((order) => ({ order }));
const uniPCs = (['bh1', 'bh2', 'exact'] as const).flatMap((variant) =>
  ofOrders(1, 2, 3).map((one) => ({ ...one, variant })),
);

const space = 'epsilon';
const KUTTA = { tableau: [[1 / 2], [-1, 2], [1 / 6, 2 / 3, 1 / 6]] };
const inNoise = ofOrders(2, 3).map((one) => ({ ...one, space }) as const);

/**
 * Solvers that draw as much noise as they remove, so that x_t of data that are a point keeps the noise of its level.
 */
const keeping: readonly Named[] = [
  ...first('ddim', ddim, [{ eta: 0 }, { eta: 0.3 }, { eta: 1 }]),
  ...first('ancestral', ancestral, [{ variance: 'posterior' }]),
  ...first('eulerAncestral', eulerAncestral, [{ eta: 0.5 }, { eta: 1 }]),
  ...first('euler', euler, [{}]),
  ...first('dpmSolverPP', dpmSolverPP, ofOrders(1)),
  ...first('dpmSolverPPSinglestep', dpmSolverPPSinglestep, ofOrders(1)),
  ...first('dpmSolverPPSde', dpmSolverPPSde, [...ofOrders(1, 3), { order: 3, lowerOrderFinal: true }]), // 3M SDE has no published order
  ...first('pndm', pndm, ofOrders(1)),
  ...first('lms', lms, ofOrders(1)),
  ...first('dpmSolverPPSinglestep', dpmSolverPPSinglestep, [{ eta: 1 }, { order: 3, eta: 0.5 }]),
  ...second('dpmSolverPP', dpmSolverPP, ofOrders(2, 3)),
  ...second('dpmSolverPPSinglestep', dpmSolverPPSinglestep, ofOrders(2, 3)),
  ...second('dpmSolverPPSde', dpmSolverPPSde, ofOrders(2)),
  ...second('uniPC', uniPC, uniPCs),
  ...second('uniPC', uniPC, [{ corrector: false }, { order: 3, lowerOrderFinal: true }, { disableCorrector: [0, 1] }]),
  ...first('saSolver', saSolver, [{}, { tau: 0.3, disableCorrector: [0] }]), // of order 2, with ten times the error of the others
  ...second('saSolver', saSolver, [{ tau: 0 }, { order: 3, corrector: 3, tau: 0.3 }]),
  ...ofNoises('saSolver', saSolver, [
    { order: 3, corrector: 4, tau: 0.3, lowerOrderFinal: true },
    { space, tau: 0, corrector: 0, order: 4 },
  ]),
  ...second('dpmSolverPPSde', dpmSolverPPSde, [{ rule: 'heun' }, { eta: 0.5 }]),
  ...ofSlopes('kdpm2', kdpm2, [{}, { churn: 5 }]),
  ...ofSlopes('kdpm2Ancestral', kdpm2Ancestral, [{}, { maxSigmaRatio: 10 }]),
  ...ofSlopes('rungeKutta', rungeKutta, [KUTTA, { ...KUTTA, maxSigmaRatio: 10 }]),
  ...second('dpmSolverPP2SAncestral', dpmSolverPP2SAncestral, [{}, { eta: 0.5 }]),
  ...first('dpmSolverPPSdeSinglestep', dpmSolverPPSdeSinglestep, [{}]),
  ...ofNoises('uniPC', uniPC, [{ space }, { space, order: 3, variant: 'exact', maxSigmaRatio: 5 }]),
  ...ofNoises('dpmSolver', dpmSolver, ofOrders(2, 3)),
  ...ofNoises('dpmSolver', dpmSolver, [{ maxSigmaRatio: 2 }, { order: 3, maxSigmaRatio: 10 }]),
  ...ofNoises('dpmSolverFast', dpmSolverFast, [{ evaluations: 90 }, { evaluations: 90, maxSigmaRatio: 10 }]),
  ...first('dpmSolverFast', dpmSolverFast, [
    { evaluations: 90, eta: 0.5 },
    { evaluations: 90, eta: 1 },
  ]),
  ...ofNoises('dpmSolverPP', dpmSolverPP, [...inNoise, { space, order: 3, maxSigmaRatio: 5 }]),
  ...ofNoises('dpmSolverPPSinglestep', dpmSolverPPSinglestep, [...inNoise, { space, order: 3, maxSigmaRatio: 5 }]),
  ...ofNoises('deis', deis, ofOrders(2, 3, 4)),
  ...ofNoises('deis', deis, [{ order: 3, variable: 't' }]),
  ...first('tcd', tcd, [{ gamma: 0 }]),
  ...ofNoises('pndm', pndm, [
    { start: 'heun' },
    { start: 'heun', maxSigmaRatio: 10 },
    { start: 'rungeKutta', maxSigmaRatio: 2 },
  ]),
  ...ofSlopes('heun', heun, [{}, { maxSigmaRatio: 3 }, { churn: 5 }, { churn: 40, sMin: 0.01, sMax: 50 }]),
  ...churned('euler', euler, [{ churn: 5 }, { churn: 40, sMax: 50 }]),
  ...ofNoises('pndm', pndm, ofOrders(2, 3, 4)),
  ...ofNoises('pndm', pndm, [{ start: 'rungeKutta' }]),
  ...ofNoises('lms', lms, ofOrders(2, 3, 4)),
];

/**
 * Solvers for the mean E[x_0|x_t]: all except those for consistency functions, and Restart, whose walks have as many steps on every
 * grid.
 */
export const solversOfMean: readonly Named[] = [...keeping, ...first('ancestral', ancestral, [{ variance: 'beta' }])];

/** Those of {@link solverOf} that are exact for data that are a point: all but ancestral sampling with σ² = β, and
 * TCD, whose steps do not get shorter with their number. */
export const solverOfPoints: fc.Arbitrary<Named> = fc.constantFrom(
  ...keeping,
  ...first('tcd', tcd, [{ gamma: 0.3 }, { gamma: 1 }]),
  ...first('eulerAncestral', eulerAncestral, [{ eta: 1.5 }, { eta: 4 }]),
  ...first('dpmSolverPPSde', dpmSolverPPSde, [{ eta: 1.5 }]),
);

/** A solver of the reverse SDE, and its weak order. */
export interface Stochastic {
  readonly name: string;
  readonly solver: Solver;
  readonly order: 1 | 2;
}

const stochastic =
  (order: 1 | 2) =>
  <const O>(name: string, make: (options: O) => Solver, options: readonly O[]): readonly Stochastic[] =>
    options.map((one) => ({ name: `${name} ${JSON.stringify(one)}`, solver: make(one), order }));
const [ofFirst, ofSecond] = [stochastic(1), stochastic(2)];

/** Solvers of the reverse SDE with one noise a step, whose step tends to Euler and Maruyama's, or to one of order 2 for noise that is additive. */
export const stochasticSolvers: readonly Stochastic[] = [
  ...ofFirst('ancestral', ancestral, [{ variance: 'posterior' }, { variance: 'beta' }]),
  ...ofFirst('ddim', ddim, [{ eta: 0.5 }, { eta: 1 }]),
  ...ofFirst('eulerAncestral', eulerAncestral, [{ eta: 0.5 }, { eta: 1 }]),
  ...ofFirst('dpmSolverPPSde', dpmSolverPPSde, [{ order: 1 }]),
  ...ofSecond('dpmSolverPPSde', dpmSolverPPSde, [
    {},
    { rule: 'heun' },
    { eta: 0.5 },
    { space, maxSigmaRatio: Infinity },
  ]),
  ...ofSecond('kdpm2Ancestral', kdpm2Ancestral, [{}]),
  ...ofSecond('dpmSolverPP2SAncestral', dpmSolverPP2SAncestral, [{}]),
  ...ofSecond('saSolver', saSolver, [{ corrector: 0 }]),
];

/** Any of {@link solversOfMean}. */
export const solverOf: fc.Arbitrary<Named> = fc.constantFrom(...solversOfMean);
