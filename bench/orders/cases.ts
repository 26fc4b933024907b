/** The solvers, with the orders that theory gives them, and on what conditions. */
import {
  ancestral,
  ddim,
  ddimInversion,
  dpmSolverPP,
  dpmSolverPPSde,
  dpmSolverPPSinglestep,
  euler,
  eulerAncestral,
  heun,
  lms,
  pndm,
  type Solver,
  uniPC,
} from 'noisefold/diffusion';

export interface Case {
  readonly name: string;
  /** The solver for a path of so many legs. */
  readonly solver: (legs: number) => Solver;
  readonly theory: number;
  /** What the order is of: where the flow ends, or the mean and variance of what is drawn. */
  readonly error: 'strong' | 'weak';
  /** How many steps begin where the flow is, where the order asks for starting values. */
  readonly given?: number;
  /** Whether it walks from the data to noise. */
  readonly encodes?: boolean;
  /** Where the order comes from, and what it needs. */
  readonly says: string;
}

const strong = (name: string, theory: number, solver: Solver, says: string, given?: number): Case => ({
  name,
  solver: () => solver,
  theory,
  error: 'strong',
  says,
  ...(given === undefined ? {} : { given }),
});

const weak = (name: string, theory: number, solver: Case['solver'], says: string): Case => ({
  name,
  solver,
  theory,
  error: 'weak',
  says,
});

/** Raises λ by half a leg before each step, whatever their number: a churn of the same share of the noise. */
const halfALeg = (legs: number, length: number): number => legs * Math.expm1(length / legs / 2);

export const casesOf = (length: number): readonly Case[] => [
  strong('ddim, η = 0', 1, ddim(), 'DDIM, Song et al. 2021, section 4.3: Euler'),
  strong('euler', 1, euler(), 'EDM, Karras et al. 2022, section 3'),
  strong('heun', 2, heun(), 'EDM, section 3: Heun in σ'),
  strong('dpmSolverPP 1', 1, dpmSolverPP({ order: 1 }), 'DPM-Solver++, Lu et al. 2022: it is DDIM'),
  strong('dpmSolverPP 2', 2, dpmSolverPP(), 'DPM-Solver++, Algorithm 2'),
  strong('dpmSolverPP 3', 3, dpmSolverPP({ order: 3 }), 'exponential Adams of three values', 2),
  strong('dpmSolverPPSinglestep 2', 2, dpmSolverPPSinglestep(), 'DPM-Solver++, Algorithm 1'),
  strong(
    'dpmSolverPPSinglestep 3',
    3,
    dpmSolverPPSinglestep({ order: 3 }),
    'DPM-Solver, Lu et al. 2022, theorem 3.2; legs of a step equal in λ',
  ),
  ...(['bh1', 'bh2'] as const).flatMap((variant) => [
    strong(`uniPC 1 ${variant}`, 2, uniPC({ order: 1, variant }), 'UniPC, Zhao et al. 2023: order + 1'),
    strong(`uniPC 2 ${variant}`, 3, uniPC({ order: 2, variant }), 'UniPC: order + 1'),
    strong(`uniPC 3 ${variant}`, 4, uniPC({ order: 3, variant }), 'UniPC: order + 1', 3),
  ]),
  strong('pndm 2', 2, pndm({ order: 2 }), 'PNDM, Liu et al. 2022'),
  strong('pndm 4', 2, pndm(), 'PNDM: 2, however many ε̂'),
  strong('pndm 4, start', 2, pndm({ start: 'rungeKutta' }), 'PNDM, Algorithm 2, by Runge-Kutta'),
  strong('lms 2', 2, lms({ order: 2 }), 'Adams-Bashforth in σ'),
  strong('lms 3', 3, lms({ order: 3 }), 'Adams-Bashforth in σ', 2),
  strong('lms 4', 4, lms(), 'Adams-Bashforth in σ', 3),
  {
    ...strong('ddimInversion', 1, ddimInversion(), 'DDIM, section 4.3'),
    encodes: true,
  },
  weak('ancestral', 1, () => ancestral(), 'Euler-Maruyama of the reverse SDE'),
  weak('ancestral, σ² = β', 1, () => ancestral({ variance: 'beta' }), 'Euler-Maruyama'),
  weak('ddim, η = 1/2', 1, () => ddim({ eta: 0.5 }), 'Euler-Maruyama'),
  weak('eulerAncestral', 1, () => eulerAncestral(), 'Euler-Maruyama'),
  weak('dpmSolverPPSde 1', 1, () => dpmSolverPPSde({ order: 1 }), 'DPM-Solver++: it is ancestral sampling'),
  weak('dpmSolverPPSde 2', 2, () => dpmSolverPPSde(), 'of a Gaussian: x̂₀ is a martingale'),
  weak('euler with churn', 1, (n) => euler({ churn: halfALeg(n, length) }), 'exact noise, then Euler'),
  weak('heun with churn', 2, (n) => heun({ churn: halfALeg(n, length) }), 'exact noise, then Heun'),
];
