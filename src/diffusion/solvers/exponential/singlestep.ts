/** Singlestep exponential integrators: a step covers some timesteps of the grid, with an evaluation at each. */
import { type Level, pairsOf } from '../../channels/level.js';
import { pathOf } from '../../paths/noising.js';
import { type Algorithm, plus, type Prediction, times, traced } from '../algorithm.js';
import { planning, type Solver } from '../plan.js';
import { evaluatesAgain, lengthOf, MAX_SIGMA_RATIO } from '../steps.js';
import { exponentialStep, type PairRule, pairOf, type StepKind } from './exponentialStep.js';

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
  readonly lowerOrderFinal?: boolean;
  /** In ε̂, the most by which σ/α may fall in a step with more than one evaluation; 100 if left out, Infinity as in published code. */
  readonly maxSigmaRatio?: number | undefined;
}

/** A step over some levels, with an evaluation at each but the last. Each stage begins at x of the beginning of the step. */
const stepOver =
  (
    [from, ...levels]: readonly [Level, ...Level[]],
    { pair, exactWithin = false, parabola = false, space = 'x0', maxSigmaRatio = MAX_SIGMA_RATIO, ...kind }: Singlestep,
  ): Algorithm =>
  ({ x, D, noise }) => {
    const predictions: Prediction[] = [D(x, from)];
    const isWithin = exactWithin && levels.length > 2;
    const reached = levels.map((to, i) => {
      const own = evaluatesAgain(from, to, maxSigmaRatio) ? space : 'x0';
      const step = exponentialStep(from, to, { ...kind, space: own });
      const [first, ...others] = predictions as [Prediction, ...Prediction[]];
      const used = parabola ? others : others.slice(-1);
      const places = used.map(({ at }) => lengthOf(from, at) / lengthOf(from, to));
      const constant = plus(times(step.decay, x), times(step.moments(1)[0]!, first[own]));
      const beyond = step.differences([first, ...used], places, { pair: i === 1 && !isWithin ? pair : 'exact' });
      const next = plus(constant, beyond, times(step.noise, noise()));
      if (i < levels.length - 1) predictions.push(D(next, to));
      return next;
    });
    return reached.at(-1)!;
  };

/** Tests if λ is finite at both ends of a step. */
const isFinite = (from: Level, to: Level): boolean => from.alpha > 0 && to.sigma > 0;

/**
 * Tests if a step may cover one more level: it has fewer timesteps than `order`, its lengths in λ are finite, and in ε̂ σ/α does
 * not fall by more than `maxSigmaRatio`.
 */
const canCover = (
  step: readonly Level[],
  to: Level,
  { order, space = 'x0', maxSigmaRatio = MAX_SIGMA_RATIO }: Singlestep,
): boolean =>
  step.length <= order &&
  isFinite(step.at(-2)!, step.at(-1)!) &&
  isFinite(step.at(-1)!, to) &&
  (space === 'x0' || evaluatesAgain(step[0]!, to, maxSigmaRatio));

/** Cuts levels into steps of up to `order` pairs. A pair without a finite length in λ is a step by itself. */
const cutIntoSteps = (levels: readonly Level[], settings: Singlestep): readonly (readonly [Level, ...Level[]])[] => {
  const { order, endsAlone, lowerOrderFinal } = settings;
  const pairs = pairsOf(levels);
  const finite = pairs.filter((pair) => isFinite(...pair));
  const isLowered = lowerOrderFinal && order === 3 && finite.length % 3 === 0;
  const alone = new Set([endsAlone && pairs.at(-1), isLowered && finite.at(-1)]);
  const steps: [Level, ...Level[]][] = [];
  pairs.forEach((pair) => {
    const step = steps.at(-1);
    if (step && !alone.has(pair) && canCover(step, pair[1], settings)) step.push(pair[1]);
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
  planning((levels, noising) =>
    traced(
      pathOf(noising),
      cutIntoSteps(levels, settings).map((step) => ({
        from: step[0],
        to: step.at(-1)!,
        algorithm: stepOver(step, settings),
      })),
    ),
  );
