/** The stages of plans, for tests of their factors. */
import {
  type Level,
  levelsOf,
  type SolverPlan,
  type DiscreteNoising,
  type Solver,
  type Stage,
} from 'noisefold/diffusion';
import { valueOf } from './plans.js';

/** A stage with the level where its step begins, and the one where it ends itself. */
export interface PlacedStage extends Stage {
  readonly begin: Level;
  readonly end: Level;
}

const placedStages = (plan: SolverPlan): readonly PlacedStage[] =>
  plan.flatMap(({ from, to, stages }) =>
    stages.map((stage, i) => ({ ...stage, begin: from, end: stages[i + 1]?.at ?? to })),
  );

/** The stages of a solver on falling timesteps. */
export const stagesOn = (
  solver: Solver,
  noising: DiscreteNoising,
  timesteps: readonly number[],
): readonly PlacedStage[] => placedStages(valueOf(solver.plan(levelsOf(noising, timesteps), noising)));

/** The factors of a stage: of x, of x̂₀ of this stage and of earlier ones, and of noise. */
export const factorsOf = ({ x = 0, x0 = 0, memory = [], noise = 0 }: Stage) => ({ x, x0: [x0, ...memory], noise });
