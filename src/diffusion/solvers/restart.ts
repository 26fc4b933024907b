import { aboveZero, hinted, positive, refined } from '../../internal/decode.js';
import { fail } from '../../internal/errors.js';
import { E, t } from '../../internal/fp.js';
import { optional, type OptionsOf, record, schema } from '../../internal/schema.js';
import { sigmaOf } from '../channels/channel.js';
import { isData, type Level, pairsOf } from '../channels/level.js';
import { pathOf } from '../paths/noising.js';
import { karras } from '../schedules/spacedSigmas.js';
import { type PlannedStep, traced } from './algorithm.js';
import { addNoise, heunStep } from './edm.js';
import { fallFields, noiseFactor, type SolverFrom, withOptions } from './solverOptions.js';

const HINT = 'the paper uses { min: 0.06, max: 0.3, levels: 3, repeats: 2 } for CIFAR-10';
const interval = record({
  /** The lower end of the interval in σ/α: noise is added at the nearest level of the grid. */
  min: hinted(aboveZero, HINT),
  /** The upper end of the interval in σ/α, up to which the noise leads. */
  max: hinted(aboveZero, HINT),
  /** The number of levels of the way back, with both ends: at least 2. */
  levels: hinted(
    refined(positive, 'at least 2 levels', (n) => n >= 2),
    HINT,
  ),
  /** The number of repetitions: K of the paper. */
  repeats: hinted(positive, HINT),
});
type Intervals = readonly t.TypeOf<typeof interval>[];

/** The level with the nearest σ/α. */
const nearestTo = (sigma: number, levels: readonly Level[]): Level =>
  levels.reduce((a, b) => (Math.abs(sigmaOf(b) - sigma) < Math.abs(sigmaOf(a) - sigma) ? b : a));

/** The rule of intervals: their ends are in order. */
const inOrder = ({ intervals }: { readonly intervals: Intervals }) => {
  const k = intervals.findIndex(({ min, max }) => !(min < max));
  if (k === -1) return null;
  const { min, max } = intervals[k]!;
  return { field: `intervals.${k}` as const, expected: 'min < max', actual: `min ${min}, max ${max}`, hint: HINT };
};

const options = schema('restart', {
  /** The intervals to repeat, { min, max, levels, repeats }, of σ/α. */
  intervals: t.readonlyArray(interval, 'intervals { min, max, levels, repeats }, in an array'),
  /** The standard deviation of the noise; 1 if left out. */
  sNoise: noiseFactor,
  /** ρ of the levels on the way back; 7 if left out. */
  rho: optional(hinted(aboveZero, '7 is usual'), 7),
  ...fallFields,
}).rule(inOrder);

interface RestartOptions extends OptionsOf<typeof options> {}

/**
 * Restart sampling (Xu et al. 2023, Algorithm 2): {@link heun} with repetitions. At the lower end of each interval, `repeats`
 * times, it adds noise up to the upper end and takes Heun's steps down again, on levels of EDM's form.
 *
 * @param options - `intervals`: of σ/α, each with the number of levels of the way back and of repetitions. `sNoise`: the standard
 *   deviation of the noise, 1 if left out. `rho`: ρ of the levels, 7 if left out. `maxSigmaRatio`: that of {@link heun}. If invalid, the
 *   sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const solver = restart({ intervals: [{ min: 0.06, max: 0.3, levels: 3, repeats: 2 }] })
 * // 2·18 - 1 evaluations, and 2 repetitions of 2 steps of 2
 * unwrap(sampler({ noising: edm(), denoiser: white, grid: 18, solver })).steps // → 43
 */
export const restart: SolverFrom<RestartOptions> = withOptions(
  options,
  ({ intervals, sNoise, rho, maxSigmaRatio }) => ({
    plan: (levels, noising) => {
      const path = pathOf(noising);
      const noisy = levels.filter((level) => !isData(level));
      const lows = intervals.map(({ min }) => nearestTo(min, noisy));
      const most = sigmaOf(levels[0]!);
      const wrong = intervals.findIndex(({ max }, k) => !(sigmaOf(lows[k]!) < max && max <= most));
      if (wrong !== -1)
        return fail('ConfigError', {
          where: `restart.intervals.${wrong}.max`,
          expected: `a σ above ${sigmaOf(lows[wrong]!)}, of the level nearest to min, and up to ${most}, where sampling begins`,
          actual: `${intervals[wrong]!.max}`,
          hint: HINT,
        });
      const step = (from: Level, hat: Level, to: Level): PlannedStep => ({
        from,
        to,
        algorithm: (parts) =>
          heunStep(maxSigmaRatio)(hat === from ? parts : { ...parts, x: addNoise(parts, from, hat, sNoise) }, hat, to),
      });
      const again = (low: Level): readonly PlannedStep[] =>
        intervals
          .filter((_, k) => lows[k] === low)
          .flatMap(({ max, levels: count, repeats }) => {
            const down = Array.from(karras(count, { min: sigmaOf(low), max }, rho), path.levelOfSigma);
            const way = pairsOf([...down.slice(0, -1), low]).map(([from, to], i) =>
              step(i === 0 ? low : from, from, to),
            );
            return Array.from({ length: repeats }, () => way).flat();
          });
      const steps = pairsOf(levels).flatMap(([from, to]) => [step(from, from, to), ...again(to)]);
      return E.right(traced(path, steps));
    },
  }),
);
