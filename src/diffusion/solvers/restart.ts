import { aboveZero, hinted, positive, refined } from '../../internal/decode.js';
import { fail } from '../../internal/errors.js';
import { E, t } from '../../internal/fp.js';
import { optional, type OptionsOf, record, schema } from '../../internal/schema.js';
import { sigmaOf, transition } from '../levels/channel.js';
import { isData, type Level, pairsOf } from '../levels/level.js';
import { pathOf } from '../levels/noising.js';
import { karras } from '../levels/spacedSigmas.js';
import { heunStages } from './edm.js';
import type { SolverStep } from './plan.js';
import { noiseFactor, type SolverFrom, withOptions } from './solverOptions.js';

const HINT = 'the paper uses { min: 0.06, max: 0.3, levels: 3, repeats: 2 } for CIFAR-10';
const interval = record({
  /** The σ/α where the noise is added: the nearest level of the grid. */
  min: hinted(aboveZero, HINT),
  /** The σ/α up to which it leads. */
  max: hinted(aboveZero, HINT),
  /** The number of levels of the way back, with both ends: at least 2. */
  levels: hinted(
    refined(positive, 'at least 2 levels', (n) => n >= 2),
    HINT,
  ),
  /** The number of repetitions: K of the paper. */
  repeats: hinted(positive, HINT),
});

const options = schema('restart', {
  /** The intervals to repeat, { min, max, levels, repeats }, of σ/α. */
  intervals: t.readonlyArray(interval, 'intervals { min, max, levels, repeats }, in an array'),
  /** The standard deviation of the noise; 1 if left out. */
  sNoise: noiseFactor,
  /** ρ of the levels on the way back; 7 if left out. */
  rho: optional(hinted(aboveZero, '7 is usual'), 7),
}).rule(({ intervals }) => {
  const wrong = intervals.findIndex(({ min, max }) => min >= max);
  return wrong === -1
    ? null
    : {
        field: `intervals.${wrong}`,
        expected: 'min < max',
        actual: `min ${intervals[wrong]!.min}, max ${intervals[wrong]!.max}`,
        hint: HINT,
      };
});

interface RestartOptions extends OptionsOf<typeof options> {}

/**
 * Restart sampling (Xu et al. 2023, Algorithm 2): {@link heun}, and at the lower end of each interval, `repeats` times, noise that
 * leads back to the upper end, followed by Heun's steps down again on levels of EDM's form.
 *
 * @param options - `intervals`: of σ/α, each with the number of levels of the way back and of repetitions. `sNoise`: the standard
 *   deviation of the noise, 1 if left out. `rho`: ρ of the levels, 7 if left out. If invalid, the sampler returns a `ConfigError`
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const solver = restart({ intervals: [{ min: 0.06, max: 0.3, levels: 3, repeats: 2 }] })
 * // 2·18 - 1 evaluations, and 2 repetitions of 2 steps of 2
 * unwrap(sampler({ noising: edm(), denoiser: white, grid: 18, solver })).steps // → 43
 */
export const restart: SolverFrom<RestartOptions> = withOptions(options, ({ intervals, sNoise, rho }) => ({
  plan: (levels, noising) => {
    const beyond = intervals.findIndex(({ max }) => !(max <= sigmaOf(levels[0]!)));
    if (beyond !== -1)
      return fail('ConfigError', {
        where: `restart.intervals.${beyond}.max`,
        expected: `at most ${sigmaOf(levels[0]!)}, the σ where sampling begins`,
        actual: `${intervals[beyond]!.max}`,
        hint: HINT,
      });
    const { levelOfSigma } = pathOf(noising);
    const nearestTo = (sigma: number): Level =>
      levels
        .filter((level) => !isData(level))
        .reduce((best, level) => (Math.abs(sigmaOf(level) - sigma) < Math.abs(sigmaOf(best) - sigma) ? level : best));
    const plain = ([from, to]: readonly [Level, Level]): SolverStep => ({ from, to, stages: heunStages(from, to) });
    const walks = intervals.map(({ min, max, levels: count, repeats }) => {
      const low = nearestTo(min);
      const down = Array.from(karras(count, { min: sigmaOf(low), max }, rho), levelOfSigma);
      const [first, ...others] = pairsOf([...down.slice(0, -1), low]).map(plain) as [SolverStep, ...SolverStep[]];
      const { alpha, sigma } = transition(low, first.from);
      const [begin, ...stages] = first.stages;
      const raised: SolverStep = {
        ...first,
        from: low,
        stages: [{ ...begin!, raise: { alpha, sigma: sNoise * sigma } }, ...stages],
      };
      return { low, steps: Array.from({ length: repeats }, () => [raised, ...others]).flat() };
    });
    return E.right(
      pairsOf(levels).flatMap((pair) => [
        plain(pair),
        ...walks.flatMap(({ low, steps }) => (low === pair[1] ? steps : [])),
      ]),
    );
  },
}));
