import { type Dim, type Tensor } from '../../dsl/index.js';
import type { Process } from '../process/process.js';
import { entriesAt } from '../process/table.js';

/** A denoiser that knows no timesteps beyond those that it is asked by in a process: what guides are held against. */
export const limitTimesteps =
  ({ timesteps }: Pick<Process, 'timesteps'>) =>
  <D extends { readonly timesteps?: number }>(denoiser: D): D => {
    const last = timesteps.reduce((a, b) => Math.max(a, b), 0);
    return { ...denoiser, timesteps: Math.min(denoiser.timesteps ?? Infinity, last + 1) };
  };

/** The timesteps by which a network is asked, from those of a process, 0…T-1: other ones where it is respaced. `[B]` */
export const networkTimesteps = ({ timesteps }: Pick<Process, 'timesteps'>) => {
  const same = timesteps.every((timestep, t) => timestep === t);
  const networkAt = entriesAt(timesteps);
  return <B extends Dim>(t: Tensor<[B], 'int32'>): Tensor<[B], 'int32'> => (same ? t : networkAt(t));
};
