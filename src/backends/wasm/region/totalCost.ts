/** Total cost of a schedule: arithmetic, memory accesses and loop overhead. */
import { costOf } from './cost.js';
import type { Nest } from '../../shared/regions/nest.js';
import { type Block, type Level, loopBits, type Schedule } from './schedule.js';

const tripsOf = ({ trips }: Block): number => (typeof trips === 'number' ? trips : 1);

/** Trips of a level, each time it is entered. A trip count that is unknown counts as 1. */
const entries = ({ blocks }: Level): number => blocks.reduce((sum, block) => sum + tripsOf(block), 0);

/** Average number of parts in a trip. */
const partsIn = (level: Level): number =>
  level.blocks.reduce((sum, block) => sum + tripsOf(block) * block.parts.length, 0) / entries(level);

/** Cost of a loop trip: updating the counter, and a branch. */
const TRIP = 2;

/** Approximate cost of a nest under a schedule, in vector additions. */
export const totalCost = (nest: Nest, depends: readonly number[], { running, fixed }: Schedule): number => {
  const levels = [...running, ...fixed];
  const times = running.reduce<readonly number[]>((all, level) => [...all, all.at(-1)! * entries(level)], [1]);
  const parts = levels.map(partsIn);
  /** Number of times that a value which varies with these loops is computed. */
  const often = (bits: number): number => {
    const varies = levels.map((level) => (bits & loopBits(level)) !== 0);
    const depth = 1 + varies.slice(0, running.length).lastIndexOf(true);
    return varies.reduce((product, does, i) => (does ? product * parts[i]! : product), times[depth]!);
  };
  const arithmetic = nest.body.reduce((sum, a, i) => sum + costOf(a) * often(depends[i]!), 0);
  // counts every load: keeping a value in a local would spill it to the stack, which costs the same as loading it again
  const instances = parts.reduce((product, count) => product * count, times[running.length]!);
  const memory = instances * (nest.loads.length + nest.stores.length);
  const loops = times.slice(1).reduce((sum, count) => sum + TRIP * count, 0);
  return arithmetic + memory + loops;
};
