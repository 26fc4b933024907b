import { type Explanation, raise } from '../../internal/errors.js';
import type { DiscreteNoising } from './discreteNoising.js';
import { discretePath } from './discretePath.js';
import { DATA, type Level } from '../channels/level.js';
import type { ContinuousNoising, Path } from './path.js';
import { amount } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { argument } from '../../internal/schema.js';
import { noisingPart } from '../parts.js';

/**
 * A noising process: a path of noise levels from the data to noise, x_t = α(t)·x₀ + σ(t)·ε, along which the log-SNR falls. It has
 * the timesteps of a schedule, as in DDPM, or continuous time, as {@link rectifiedFlow}. Time runs from the data to noise, as in
 * SD3, FLUX and the paper of SiT; code of Liu et al. and torchcfm runs the other way, with 1 - t.
 */
export type Noising = DiscreteNoising | ContinuousNoising;

/** The dtype of the times of a noising: int32 for the timesteps of a schedule. */
export type TimeOf<N> = N extends DiscreteNoising ? 'int32' : 'float32';

/**
 * Tests if a noising is that of a schedule.
 * @example
 * isDiscrete(rectifiedFlow()) // → false
 * isDiscrete(unwrap(ddpm(cosine(1000)))) // → true
 */
export const isDiscrete = (noising: Noising): noising is DiscreteNoising => 'marginals' in Object(noising);

/** The explanation of an error: a continuous path has no timesteps. */
export const withoutTimesteps = (where: string, hint: string): Explanation => ({
  where,
  expected: 'the noising process of a schedule',
  actual: 'a continuous path, which has no timesteps',
  hint,
});

/** The explanation of an error: a noising is not a continuous path over [0, 1]. */
export const withoutEnds = (where: string, noising: Noising, hint: string): Explanation => ({
  where,
  expected: 'a continuous path over [0, 1]',
  actual: isDiscrete(noising) ? 'the timesteps of a schedule' : 'a path of σ, which has no end',
  hint,
});

/**
 * The noising process of a schedule. Raises `ConfigError` for a continuous path, which has no timesteps: for the variational bound
 * term by term, and other functions that sum over them.
 */
export const requireDiscrete = (where: string, noising: Noising): DiscreteNoising =>
  isDiscrete(noising) ? noising : raise('ConfigError', withoutTimesteps(where, 'give unwrap(ddpm(cosine(1000)))'));

/** Returns a continuous path. Raises `ConfigError` for a schedule, and for a path of another name, if a name is required. */
export const requirePath = (
  where: string,
  noising: Noising,
  about: Pick<Explanation, 'expected' | 'hint'>,
  name?: string,
): ContinuousNoising =>
  isDiscrete(noising) || noising.name !== (name ?? noising.name)
    ? raise('ConfigError', {
        where,
        actual: isDiscrete(noising) ? 'the timesteps of a schedule' : noising.name,
        ...about,
      })
    : noising;

const noisings = argument('noising', noisingPart);

/**
 * The path of a noising: its levels on the host and in programs.
 * @example
 * pathOf(rectifiedFlow()).levelOfSigma(1).t // → 0.5
 * pathOf(unwrap(ddpm(cosine(1000)))).last // → 999
 */
export const pathOf = (noising: Noising): Path =>
  isDiscrete(noising) ? discretePath(noising) : (noisings.demand(noising) as Path);

/** The levels at falling times of a noising, and at the end the data. */
export const levelsAt = (noising: Noising, times: readonly number[]): readonly Level[] => {
  const { levelAt } = pathOf(noising);
  return [...times.map(levelAt), isDiscrete(noising) ? DATA : levelAt(0)];
};

const timesOf = argument('levelsOf: times', t.readonlyArray(amount, 'times, such as [9, 4]'));

/**
 * The levels at falling times, and at the end the data: the levels that a sampler visits. Raises `ConfigError` for a time outside
 * of the path.
 * @example
 * const noising = unwrap(ddpm(cosine(1000)))
 * const levels = levelsOf(noising, [999, 500, 0])
 * levels.map(({ t }) => t) // → [999, 500, 0, -1]
 * const [between] = levelsOf(unwrap(ddpm(scheduleFromBetas([0.5, 0.6]))), [0.5])
 * between!.sigma / between!.alpha // → Math.sqrt(2)
 * levelsOf(rectifiedFlow(), [1, 0.5]).map(({ sigma }) => sigma) // → [1, 0.5, 0]
 */
export const levelsOf = (noising: Noising, times: readonly number[]): readonly Level[] =>
  levelsAt(noising, timesOf.demand(times));
