/** Runs solvers on grids of processes, with one-dimensional Gaussian data. */
import type { GaussianMixture, Solver } from 'noisefold/diffusion';
import { reference } from 'noisefold/backends/reference';
import { type Gridded, planOn } from '../arbitraries/solvers.js';
import { valueOf } from './plans.js';
import { type Batch, type HostState, type Walk, walkOf } from './solverWalk.js';

/** A solver on a grid of a process, with Gaussian data, for B samples at a time. */
export const onReference = async <A>(
  solver: Solver,
  gridded: Gridded,
  data: GaussianMixture<[]>,
  batch: number,
  use: (walk: Walk, steps: number) => Promise<A>,
): Promise<A> => {
  const plan = planOn(solver, gridded);
  const backend = valueOf(await reference()());
  const walk = await walkOf(backend, plan, data, batch);
  const result = await use(walk, plan.length);
  valueOf(await backend.close());
  return result;
};

/** x_T, and empty memory. */
export const beginningOf = ({ memory }: Walk, x: readonly number[]): HostState => ({
  x: Float64Array.from(x),
  memory: Array.from({ length: memory }, () => new Float64Array(x.length)),
});

/** The states after each step, with the same noise for all samples. */
export const stationsOf = (
  solver: Solver,
  gridded: Gridded,
  data: GaussianMixture<[]>,
  begin: readonly number[],
): Promise<readonly (readonly number[])[]> =>
  onReference(solver, gridded, data, begin.length, async (walk, steps) => {
    const noise: Batch = Float64Array.from(begin, () => 0.5);
    let state = beginningOf(walk, begin);
    const stations: (readonly number[])[] = [];
    for (let index = 0; index < steps; index++) {
      state = await walk.step(index, state, noise);
      stations.push(Array.from(state.x));
    }
    return stations;
  });

/** The final state. */
export const walked = async (...walk: Parameters<typeof stationsOf>): Promise<readonly number[]> =>
  (await stationsOf(...walk)).at(-1)!;

/** Data of one number, N(mean, variance). */
export const gaussianOf = (mean: number, variance: number): GaussianMixture<[]> => ({
  shape: [],
  weights: [1],
  means: [[mean]],
  variances: [variance],
});
