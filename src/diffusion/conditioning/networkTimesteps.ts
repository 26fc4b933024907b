import type { Dim, Tensor } from '../../dsl/index.js';
import type { Process } from '../process/process.js';
import { entriesAt } from '../process/table.js';

/** Limits the timesteps of a denoiser to those that a process uses. Guidance checks its options against this limit. */
export const limitTimesteps =
  ({ timesteps }: Pick<Process, 'timesteps'>) =>
  <D extends { readonly timesteps?: number }>(denoiser: D): D => {
    const last = timesteps.reduce((a, b) => Math.max(a, b), 0);
    return { ...denoiser, timesteps: Math.min(denoiser.timesteps ?? Infinity, last + 1) };
  };

/** Maps timesteps 0…T-1 of a process to those of the network, `[B]`. They differ if the process is respaced. */
export const networkTimesteps = ({ timesteps }: Pick<Process, 'timesteps'>) => {
  const same = timesteps.every((timestep, t) => timestep === t);
  const networkAt = entriesAt(timesteps);
  return <B extends Dim>(t: Tensor<[B], 'int32'>): Tensor<[B], 'int32'> => (same ? t : networkAt(t));
};
