/** Singlestep exponential integrators: a step covers some timesteps of the grid, with an evaluation at each. */
import { type Level, pairsOf } from '../../levels/level.js';
import { planning, type Solver, type Stage } from '../plan.js';
import { evaluatesAgain, inX0, lengthOf, MAX_FALL } from '../steps.js';
import { exponentialStep, type PairRule, type StepKind } from './exponentialStep.js';
import { pairOf } from './multistep.js';

/** The settings of a method. */
export interface Singlestep extends StepKind {
  /** The largest number of timesteps of a step, 1 to 3. */
  readonly order: number;
  /** The rule of the second stage. */
  readonly pair: PairRule;
  /** True for the exact rule in the second of three stages, as in the third update of published code. */
  readonly exactWithin?: boolean;
  /** True for a third stage with the parabola through all predictions; the line through the first and the last if left out. */
  readonly parabola?: boolean;
  /** True if the last timestep is a step by itself, as the one to the data always is. */
  readonly endsAlone?: boolean;
  /** True to end with steps of two timesteps and of one, in place of one of three. */
  readonly lowerFinal?: boolean;
  /** In ε̂, the most by which σ/α may fall in a step with more than one evaluation; 100 if left out, Infinity as in published code. */
  readonly maxFall?: number | undefined;
}

/** A step over some levels, with a stage at each but the last. Every stage starts where the step begins. */
const stagesOf = (
  levels: readonly Level[],
  { pair, exactWithin = false, parabola = false, space = 'x0', maxFall = MAX_FALL, ...kind }: Singlestep,
): readonly Stage[] =>
  pairsOf(levels).map(([at, to], i): Stage => {
    const from = levels[0]!;
    const own = evaluatesAgain(from, to, maxFall) ? space : 'x0';
    const { x, factors, noise } = exponentialStep(from, to, { ...kind, space: own });
    const used = parabola ? levels.slice(1, i + 1) : levels.slice(Math.max(i, 1), i + 1);
    const places = used.map((level) => lengthOf(from, level) / lengthOf(from, to));
    const isWithin = exactWithin && levels.length > 3;
    const [first, ...later] = factors(places, { pair: i === 1 && !isWithin ? pair : 'exact' });
    const newest = later.at(-1) ?? first!;
    const here = own === 'epsilon' ? inX0(at, 'epsilon', newest) : { x: 0, x0: newest };
    const between = parabola ? later.slice(0, -1).reverse() : Array<number>(Math.max(i - 1, 0)).fill(0);
    return {
      at,
      ...(i === 0 ? { x: x + here.x } : { start: x, x: here.x, memory: [...between, first!] }),
      x0: here.x0,
      noise,
      ...(space === 'epsilon' && { remembers: space }),
    };
  });

/** Tests if λ is finite at both ends of a step. */
const isFinite = (from: Level, to: Level): boolean => from.alpha > 0 && to.sigma > 0;

/** Tests if a step may go on to one more level: it has fewer timesteps than `order`, no infinite length, and no fall too far for ε̂. */
const goesOn = (step: readonly Level[], to: Level, { order, space = 'x0', maxFall = MAX_FALL }: Singlestep): boolean =>
  step.length <= order &&
  isFinite(step.at(-2)!, step.at(-1)!) &&
  isFinite(step.at(-1)!, to) &&
  (space === 'x0' || evaluatesAgain(step[0]!, to, maxFall));

/** Cuts levels into steps of up to `order` pairs. A pair without a finite length in λ is a step by itself. */
const cut = (levels: readonly Level[], settings: Singlestep): readonly (readonly Level[])[] => {
  const { order, endsAlone, lowerFinal } = settings;
  const pairs = pairsOf(levels);
  const finite = pairs.filter((pair) => isFinite(...pair));
  const isLowered = lowerFinal && order === 3 && finite.length % 3 === 0;
  const alone = new Set([endsAlone && pairs.at(-1), isLowered && finite.at(-1)]);
  const steps: Level[][] = [];
  pairs.forEach((pair) => {
    const step = steps.at(-1);
    if (step && !alone.has(pair) && goesOn(step, pair[1], settings)) step.push(pair[1]);
    else steps.push([...pair]);
  });
  return steps;
};

/** The rules of published code. Two stages have φ₁/2 by default, as in Algorithm 1 of the paper; three have φ₂ in the second. */
export const singlestepRules = (rule: 'midpoint' | 'heun'): Pick<Singlestep, 'pair' | 'exactWithin' | 'parabola'> => ({
  pair: pairOf(rule),
  ...(rule === 'heun' ? { parabola: true } : { exactWithin: true }),
});

/** A singlestep method of {@link exponentialStep}: the predictions of a step are those at its own timesteps. */
export const singlestep = (settings: Singlestep): Solver =>
  planning((levels) =>
    cut(levels, settings).map((step) => ({ from: step[0]!, to: step.at(-1)!, stages: stagesOf(step, settings) })),
  );
