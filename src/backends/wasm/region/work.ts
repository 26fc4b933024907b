/** What a schedule costs in all: arithmetic where it is done, memory, and the loops themselves. */
import { effortOf } from './effort.js';
import type { Nest } from '../../shared/regions/nest.js';
import { type Block, type Level, loopBits, type Schedule } from './schedule.js';

const tripsOf = ({ trips }: Block): number => (typeof trips === 'number' ? trips : 1);

/** How often a level's body is carried out, each time the level is entered. */
const entries = ({ blocks }: Level): number => blocks.reduce((sum, block) => sum + tripsOf(block), 0);

/** Parts in a trip, on average. */
const partsIn = (level: Level): number =>
  level.blocks.reduce((sum, block) => sum + tripsOf(block) * block.parts.length, 0) / entries(level);

/** A trip of a loop: its counter, and a branch. */
const TRIP = 2;

/** In vector additions, or so. */
export const workOf = (nest: Nest, depends: readonly number[], { running, fixed }: Schedule): number => {
  const levels = [...running, ...fixed];
  const times = running.reduce<readonly number[]>(
    (all, level) => [...all, all.at(-1)! * entries(level)],
    [1],
  );
  const parts = levels.map(partsIn);
  /** How often something is done that varies with these loops. */
  const often = (bits: number): number => {
    const varies = levels.map((level) => (bits & loopBits(level)) !== 0);
    const depth = 1 + varies.slice(0, running.length).lastIndexOf(true);
    return varies.reduce((product, does, i) => (does ? product * parts[i]! : product), times[depth]!);
  };
  const arithmetic = nest.body.reduce((sum, a, i) => sum + effortOf(a) * often(depends[i]!), 0);
  // a load that could be kept is as cheap as one from the stack, where it would be kept
  const instances = parts.reduce((product, count) => product * count, times[running.length]!);
  const memory = instances * (nest.loads.length + nest.stores.length);
  const loops = times.slice(1).reduce((sum, count) => sum + TRIP * count, 0);
  return arithmetic + memory + loops;
};
