/** The solvers with their theoretical orders, and the conditions of the orders. */
import {
  ancestral,
  ddim,
  ddimInversion,
  deis,
  denoiseToZero,
  dpmSolver,
  dpmSolverPP,
  dpmSolverPP2SAncestral,
  dpmSolverPPSde,
  dpmSolverPPSinglestep,
  euler,
  eulerAncestral,
  flowEuler,
  flowHeun,
  flowSde,
  heun,
  kdpm2,
  kdpm2Ancestral,
  lms,
  pndm,
  rungeKutta,
  saSolver,
  type Solver,
  uniPC,
} from 'noisefold/diffusion';
import type { Noise } from './weak.js';

interface Named {
  readonly name: string;
  readonly theory: number;
  /** The source of the order, and its conditions. */
  readonly says: string;
}

/** A solver of the probability flow. The order is that of its end point. */
export interface Strong extends Named {
  readonly error: 'strong';
  readonly solver: Solver;
  /** The number of exact starting values that the order needs. */
  readonly exact?: number;
  /** The number of evaluations that its start takes beyond one a step. */
  readonly more?: number;
  /** True if it goes from data to noise. */
  readonly encodes?: boolean;
}

/** A stochastic solver. The order is that of the law of its samples. */
export interface Weak extends Named {
  readonly error: 'weak';
  /** The solver for a number of steps, and the place where it adds noise. */
  readonly on: (steps: number) => { readonly solver: Solver; readonly noise: Noise };
}

export type Case = Strong | Weak;

const strong = (name: string, theory: number, solver: Solver, says: string, exact?: number): Strong => ({
  name,
  solver,
  theory,
  error: 'strong',
  says,
  ...(exact === undefined ? {} : { exact }),
});

const weak = (name: string, theory: number, solver: Solver, says: string, noise: Noise = 'after'): Weak => ({
  name,
  theory,
  error: 'weak',
  on: () => ({ solver, noise }),
  says,
});

/** With a churn that raises the noise of x_t by half a step before each step, for any number of steps. */
const churned = (name: string, theory: number, make: typeof heun, length: number, says: string): Weak => ({
  name,
  theory,
  error: 'weak',
  on: (steps) => ({
    // the plan has one step more, to the data
    solver: make({ churn: (steps + 1) * Math.expm1(length / steps / 2) }),
    noise: 'before',
  }),
  says,
});

/** The first steps, whose ends are not corrected. */
const FIRST = [0, 1, 2];
const LAST = 'its last step has order 1 and a local error of h²';
const SPLIT = 'Lie-Trotter splitting into noise and flow: Hairer, Lubich & Wanner 2006, section II.5';

/**
 * The solvers for an interval of λ. All are meant for every path: their steps are the same in x_t/α and σ/α, but for two,
 * whose order is the same on all paths and whose samples are not. The start of PNDM by Runge-Kutta evaluates halfway in the time
 * of the path, and a σ² of β is that of x_t, where the step begins, in the scale of the path.
 *
 * Solvers of the reverse SDE, whose noise does not depend on x_t, draw it exactly;
 * they approximate ∫ x̂₀ over a step:
 *
 * - by h·x̂₀ at its start, as Euler and Maruyama do (Kloeden & Platen 1992, section 14.1: weak order 1);
 * - SDE-2M by h·(3/2·x̂₀ - 1/2·(x̂₀ of the step before)), as Adams and Bashforth do. With x̂₀ = … + J·ΔW, the covariance of
 *   x_t with the noise of a step lacks J·h²/2, as with Euler, and gains as much from that noise one step later: each step
 *   keeps an error of h³, and the weak order is 2. (Pathwise it is 1: SA-Solver, Xue et al. 2023, theorem 5.1.)
 *
 * Churn maps the law of x_t exactly to that of a noisier level, and the flow maps it back (EDM, section 4), so the law
 * has the error and the order of the method that follows the flow.
 */
export const casesOf = (length: number): readonly Case[] => [
  strong('ddim, η = 0', 1, ddim(), 'DDIM, Song et al. 2021, section 4.3: Euler'),
  strong('euler', 1, euler(), 'EDM, Karras et al. 2022, section 3'),
  strong('heun', 2, heun(), 'EDM, section 3: Heun in σ'),
  strong('dpmSolverPP 1', 1, dpmSolverPP({ order: 1 }), 'DPM-Solver++, Lu et al. 2022: it is DDIM'),
  strong('dpmSolverPP 2', 2, dpmSolverPP(), 'DPM-Solver++, Algorithm 2'),
  strong('dpmSolverPP 3', 3, dpmSolverPP({ order: 3 }), 'exponential Adams of three values', 2),
  strong('dpmSolverPP 3, lowerOrderFinal', 2, denoiseToZero(dpmSolverPP({ order: 3, lowerOrderFinal: true })), LAST, 2),
  strong('dpmSolverPPSinglestep 2', 2, dpmSolverPPSinglestep(), 'DPM-Solver++, Algorithm 1'),
  strong(
    'dpmSolverPPSinglestep 3',
    3,
    dpmSolverPPSinglestep({ order: 3 }),
    'DPM-Solver, Lu et al. 2022, theorem 3.2; parts of a step equal in λ',
  ),
  ...(['bh1', 'bh2', 'exact'] as const).flatMap((variant) => [
    strong(`uniPC 1 ${variant}`, 2, uniPC({ order: 1, variant }), 'UniPC, Zhao et al. 2023: order + 1'),
    strong(`uniPC 2 ${variant}`, 3, uniPC({ order: 2, variant }), 'UniPC: order + 1'),
    strong(`uniPC 3 ${variant}`, 4, uniPC({ order: 3, variant }), 'UniPC: order + 1', 3),
  ]),
  strong('uniPC 2, ε̂', 3, uniPC({ order: 2, space: 'epsilon' }), 'UniPC: order + 1'),
  strong('uniPC 2, no corrector', 2, uniPC({ order: 2, corrector: false }), 'UniP: order'),
  strong(
    'uniPC 2, last corrected',
    3,
    uniPC({ order: 2, disableCorrector: FIRST }),
    'UniPC: order + 1; UniP has a local error of h³ in three steps',
    1,
  ),
  strong('uniPC 3, lowerOrderFinal', 2, denoiseToZero(uniPC({ order: 3, lowerOrderFinal: true })), LAST, 3),
  strong('kdpm2', 2, kdpm2(), 'the midpoint method in σ, with the middle of ln σ'),
  strong(
    'rungeKutta 3',
    3,
    rungeKutta({ tableau: [[1 / 2], [-1, 2], [1 / 6, 2 / 3, 1 / 6]] }),
    'the method of Kutta in σ, ρRK of DEIS, Zhang & Chen 2023',
  ),
  strong(
    'rungeKutta 4',
    4,
    rungeKutta({ tableau: [[1 / 2], [0, 1 / 2], [0, 0, 1], [1 / 6, 1 / 3, 1 / 3, 1 / 6]] }),
    'the classic method in σ, ρRK of DEIS',
  ),
  strong('dpmSolver 2', 2, dpmSolver(), 'DPM-Solver, Lu et al. 2022, theorem 3.2'),
  strong('dpmSolver 3', 3, dpmSolver({ order: 3 }), 'DPM-Solver, theorem 3.2'),
  strong('dpmSolverPP 2, ε̂', 2, dpmSolverPP({ space: 'epsilon' }), 'exponential Adams of two values'),
  strong('dpmSolverPP 3, ε̂', 3, dpmSolverPP({ order: 3, space: 'epsilon' }), 'of three values', 2),
  strong('dpmSolverPPSinglestep 2, ε̂', 2, dpmSolverPPSinglestep({ space: 'epsilon' }), 'DPM-Solver, theorem 3.2'),
  strong(
    'dpmSolverPPSinglestep 3, ε̂',
    3,
    dpmSolverPPSinglestep({ order: 3, space: 'epsilon' }),
    'DPM-Solver, theorem 3.2; parts of a step equal in λ',
  ),
  strong('deis 2', 2, deis({ order: 2 }), 'DEIS, Zhang & Chen 2023: Adams-Bashforth with polynomials in ln σ'),
  strong('deis 3', 3, deis(), 'DEIS', 2),
  strong('deis 4', 4, deis({ order: 4 }), 'DEIS', 3),
  strong('deis 3 in t', 3, deis({ variable: 't' }), 'DEIS: tAB, with polynomials in t', 2),
  strong(
    'saSolver 2, 2, τ = 0',
    2,
    saSolver({ tau: 0 }),
    'SA-Solver, Xue et al. 2023, theorem 5.2: the corrector has two values',
  ),
  strong('saSolver 2, 3, τ = 0', 3, saSolver({ tau: 0, corrector: 3 }), 'SA-Solver, theorem 5.2: three values'),
  strong(
    'saSolver 2, 3, last corrected',
    3,
    saSolver({ tau: 0, corrector: 3, disableCorrector: FIRST }),
    'SA-Solver, theorem 5.2; a local error of h³ in three steps',
    1,
  ),
  strong(
    'saSolver 2, 3, to the end',
    3,
    denoiseToZero(saSolver({ tau: 0, corrector: 3, correctsEnd: true })),
    'SA-Solver, theorem 5.2: the end is corrected too',
  ),
  strong('saSolver 2, τ = 0', 2, saSolver({ tau: 0, corrector: 0 }), 'SA-Solver, theorem 5.1'),
  strong('saSolver 4, τ = 0', 4, saSolver({ order: 4, tau: 0, corrector: 0 }), 'SA-Solver, theorem 5.1', 3),
  strong(
    'saSolver 3, ε̂, τ = 0',
    3,
    saSolver({ space: 'epsilon', order: 3, tau: 0, corrector: 0 }),
    'SA-Solver, theorem 5.1, in ε̂',
    2,
  ),
  strong('flowEuler', 1, flowEuler(), 'Euler in the time of the path'),
  strong('flowHeun', 2, flowHeun(), 'EDM, appendix D.2: Heun in the time of the path'),
  strong('flowHeun, α = 1/2', 2, flowHeun({ alpha: 0.5 }), 'EDM, appendix D.2: the midpoint method'),
  strong('flowSde, heun, w = 0', 2, flowSde({ method: 'heun', diffusion: () => 0 }), 'it is flowHeun'),
  strong('pndm 2', 2, pndm({ order: 2 }), 'PNDM, Liu et al. 2022'),
  strong('pndm 4', 2, pndm(), 'PNDM: 2, however many ε̂'),
  {
    ...strong('pndm 4, start', 2, pndm({ start: 'rungeKutta' }), 'PNDM, Algorithm 2, by Runge-Kutta'),
    more: 9, // three steps of four evaluations
  },
  strong('lms 2', 2, lms({ order: 2 }), 'Adams-Bashforth in σ'),
  strong('lms 3', 3, lms({ order: 3 }), 'Adams-Bashforth in σ', 2),
  strong('lms 4', 4, lms(), 'Adams-Bashforth in σ', 3),
  {
    ...strong('ddimInversion', 1, ddimInversion(), 'DDIM, section 4.3'),
    encodes: true,
  },
  weak('ancestral', 1, ancestral(), 'Euler-Maruyama of the reverse SDE, Song et al. 2021, appendix E'),
  weak('ancestral, σ² = β', 1, ancestral({ variance: 'beta' }), 'Euler-Maruyama; β depends on the path'),
  weak('ddim, η = 1/2', 1, ddim({ eta: 0.5 }), 'Euler-Maruyama'),
  weak('eulerAncestral', 1, eulerAncestral(), 'Euler-Maruyama'),
  weak('dpmSolverPPSde 1', 1, dpmSolverPPSde({ order: 1 }), 'DPM-Solver++: it is ancestral sampling'),
  weak('dpmSolverPPSde 2', 2, dpmSolverPPSde(), 'DPM-Solver++: Adams-Bashforth, and noise that is additive'),
  weak('dpmSolverPPSde 2, heun', 2, dpmSolverPPSde({ rule: 'heun' }), 'DPM-Solver++: Adams-Bashforth, exact'),
  weak('dpmSolverPPSde 2, lowerOrderFinal', 2, denoiseToZero(dpmSolverPPSde({ lowerOrderFinal: true })), LAST),
  weak('dpmSolverPPSde 1, ε̂', 1, dpmSolverPPSde({ order: 1, space: 'epsilon' }), 'Euler-Maruyama, SDE-DPM-Solver-1'),
  weak('dpmSolverPPSde 2, ε̂', 2, dpmSolverPPSde({ space: 'epsilon' }), 'Adams-Bashforth, SDE-DPM-Solver-2M'),
  weak(
    'dpmSolverPP2SAncestral',
    2,
    dpmSolverPP2SAncestral(),
    'a midpoint step of the flow, and noise that is additive',
  ),
  weak('kdpm2Ancestral', 2, kdpm2Ancestral(), 'a midpoint step of the flow, and noise that is additive'),
  weak(
    'kdpm2Ancestral, η = 3/2',
    2,
    kdpm2Ancestral({ eta: 3 / 2 }),
    'further along the flow, and more noise that is additive',
  ),
  weak('saSolver 2, τ = 1', 2, saSolver({ corrector: 0 }), 'SA-Solver: Adams-Bashforth, and noise that is additive'),
  weak('flowSde', 1, flowSde(), 'Euler-Maruyama, SiT, Ma et al. 2024'),
  weak('flowSde, heun', 1, flowSde({ method: 'heun' }), SPLIT, 'before'),
  churned('euler with churn', 1, euler, length, 'EDM, section 4: exact noise, then Euler'),
  churned('heun with churn', 2, heun, length, 'EDM, section 4: exact noise, then Heun'),
];
