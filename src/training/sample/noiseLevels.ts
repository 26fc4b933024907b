/** Noise levels of a sampling, compared with those of the training. */
import type { DiscreteNoising, Noising } from '../../diffusion/index.js';
import { isDiscrete } from '../../diffusion/paths/noising.js';
import { raise } from '../../internal/errors.js';
import { aboutNoising } from '../../checkpoints/storedNoising.js';
import type { Trained } from '../../checkpoints/trained.js';

/** The relative tolerance for equal noise levels, because tables may have been rounded to float32. */
const ROUNDING = 1e-5;

/**
 * The first timestep of `own`, as the network gets it, at which `other` has another noise level, or which `other` lacks. A
 * respaced process has the levels of its original.
 */
const otherTimestep = (own: DiscreteNoising, other: DiscreteNoising): number | undefined => {
  const places = new Map(Array.from(other.timesteps, (timestep, place) => [timestep, place]));
  const at = own.marginals.findIndex(({ alpha, sigma }, place) => {
    const marginal = other.marginals[places.get(own.timesteps[place]!) ?? -1];
    return !(
      marginal !== undefined &&
      Math.abs(marginal.alpha - alpha) <= ROUNDING * alpha &&
      Math.abs(marginal.sigma - sigma) <= ROUNDING * sigma
    );
  });
  return at === -1 ? undefined : own.timesteps[at];
};

/** Describes the first difference between the noise levels of two processes; undefined if they are equal. */
export const otherLevel = (own: Noising, other: Noising): string | undefined => {
  if (isDiscrete(own) && isDiscrete(other)) {
    const timestep = otherTimestep(own, other);
    return timestep === undefined
      ? undefined
      : `a process with another noise level at t = ${timestep}, or without this timestep`;
  }
  const [one, two] = [JSON.stringify(aboutNoising(own)), JSON.stringify(aboutNoising(other))];
  return one === two ? undefined : isDiscrete(own) ? 'the process of a schedule' : `the path ${own.name}`;
};

/** The part of a trained model that is checked. */
interface Checked extends Pick<Trained<never, never>, 'noising' | 'trainingNoising'> {
  readonly model: { readonly clock?: 'timestep' | 'level' };
}

/** Raises `ConfigError` for a process with other noise levels than that of the training. */
export const checkLevels = (where: string, { model, noising, trainingNoising }: Checked): void => {
  // a denoiser whose input is the noise level works on every path
  if (trainingNoising === undefined || trainingNoising === noising || model.clock === 'level') return;
  const actual = otherLevel(isDiscrete(noising) ? (noising.origin ?? noising) : noising, trainingNoising);
  if (actual !== undefined)
    raise('ConfigError', {
      where: `${where}: noising`,
      expected: 'the process of the training, or one that was respaced from it',
      actual,
      hint: 'give the trained model as `fit` returned it, and fewer timesteps as `grid`; allowOtherNoising: true draws with it',
    });
};
