import { type Dim, gather, table, type Tensor } from '../dsl/index.js';
import type { Process } from './process.js';

/** The timesteps by which a network is asked, from those of a process, 0…T-1: other ones where it is respaced. `[B]` */
export const askedTimesteps = ({ timesteps }: Pick<Process, 'timesteps'>) => {
  const same = timesteps.every((timestep, t) => timestep === t);
  return <B extends Dim>(t: Tensor<[B], 'int32'>): Tensor<[B], 'int32'> =>
    same ? t : gather(table(timesteps))(t);
};
