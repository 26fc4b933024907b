/** The time to trace, differentiate and plan a training step. Run it first to measure a cold process. */
import type { Backend } from 'noisefold/dsl';
import { plan } from '../../src/dsl/compile/planning.js';
import { median, milliseconds } from '../measure.js';
import { BATCH, type NetworkRecipe, stepProgram } from '../network.js';
import { atMost, information, orThrow, type Row } from '../table.js';

export const planningSection = async ({ capabilities }: Backend, recipe: NetworkRecipe): Promise<readonly Row[]> => {
  const make = () => orThrow(plan(stepProgram(recipe), { B: BATCH }, capabilities, ['state']));
  const first = await milliseconds(() => void make());
  const times: number[] = [];
  for (let i = 0; i < 5; i++) times.push(await milliseconds(() => void make()));
  return [
    information('calls of a training step', make().plan.calls.length, ''),
    information('first plan of the process', first, 'ms', 'while the engine has compiled little of it'),
    atMost('(d) trace, differentiate and plan a step', median(times) / 1000, 0.6, 's', 'median of 5, after the first'),
  ];
};
