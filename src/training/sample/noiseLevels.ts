/** Noise levels of a sampling, compared with those of the training. */
import type { Process } from '../../diffusion/index.js';
import { raise } from '../../internal/errors.js';
import type { Trained } from '../trained.js';

/** The relative tolerance for equal noise levels, because tables may have been rounded to float32. */
const ROUNDING = 1e-5;

/**
 * The first timestep of a process, as networks get it, at which another one has another noise level or none. A respaced
 * process has the levels of its original.
 */
export const otherLevel = (own: Process, other: Process): number | undefined => {
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

/** Raises `ConfigError` for a process with other noise levels than that of the training. */
export const checkLevels = (
  where: string,
  { process, trainingProcess }: Pick<Trained<never, never>, 'process' | 'trainingProcess'>,
): void => {
  if (trainingProcess === undefined || trainingProcess === process) return;
  const timestep = otherLevel(process.origin ?? process, trainingProcess);
  if (timestep !== undefined)
    raise('ConfigError', {
      where: `${where}: process`,
      expected: 'the process of the training, or one that was respaced from it',
      actual: `one with another noise level at t = ${timestep}, or without this timestep`,
      hint: 'give the trained model as `fit` returned it, and fewer timesteps as `grid`; allowOtherProcess: true draws with it',
    });
};
