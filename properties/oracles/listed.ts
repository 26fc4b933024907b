import type { Channel, DiscreteNoising } from 'noisefold/diffusion';

/** A list of noise levels as a noising over their index. It has no schedule and no posteriors. */
export const listed = (marginals: readonly Channel[]): DiscreteNoising => {
  const timesteps = Int32Array.from(marginals, (_, t) => t);
  return { marginals, timesteps, schedule: {}, posteriors: [] } as unknown as DiscreteNoising; // its path needs no more
};
