/** Reads schedulers in tests. */
import type { Schedule } from '../../diffusion/index.js';
import { requireDiscrete } from '../../diffusion/paths/noising.js';
import { right } from '../../training/testing.js';
import { readScheduler, type ReadScheduler } from './readScheduler.js';

export const read = (config: object, steps?: number): ReadScheduler => right(readScheduler('s', { ...config }, steps));

export const scheduleOf = (config: object): Schedule => requireDiscrete('test', read(config).noising).schedule;

export const timesteps = (config: object, steps: number): readonly number[] => {
  const { noising, sampling } = read(config, steps);
  return right(sampling.grid(noising));
};
