import { fail, type NoisefoldError } from '../dsl/errors.js';
import { E, type either } from '../internal/fp.js';
import type { Process } from './process.js';

/**
 * A time grid: the timesteps at which a sampler calls the denoiser, falling, out of 0…T-1. After the last
 * comes the data.
 */
export type Grid = (process: Process) => either.Either<NoisefoldError, readonly number[]>;

/**
 * Every timestep, T-1…0.
 *
 * @example
 * pipe(ddpm(cosine(4)), E.flatMap(everyStep)) // → E.right([3, 2, 1, 0])
 */
export const everyStep: Grid = ({ schedule: { T } }) =>
  E.right(Array.from({ length: T }, (_, i) => T - 1 - i));

/** Half goes to the even neighbour, as in Python, so that grids are those of the published code. */
const roundHalfEven = (x: number): number => {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
};

/** A grid of `steps` timesteps, given rising, by a rule that has room for 1…T of them. */
const evenly =
  (where: string, steps: number, rising: (T: number) => readonly number[]): Grid =>
  ({ schedule: { T } }) =>
    Number.isInteger(steps) && steps >= 1 && steps <= T
      ? E.right([...rising(T)].reverse())
      : fail('ConfigError', {
          where,
          expected: `a whole number of steps from 1 to ${T}`,
          actual: `${steps}`,
          hint: 'a sampler takes at most as many steps as the process has',
        });

const count = <A>(n: number, f: (i: number) => A): readonly A[] => Array.from({ length: n }, (_, i) => f(i));

/**
 * `steps` timesteps spread evenly over 0…T-1, both ends included, as guided-diffusion respaces; a single
 * step is T-1. More steps than the process has are a `ConfigError`.
 *
 * @example
 * pipe(ddpm(cosine(1000)), E.flatMap(spaced(5))) // → E.right([999, 749, 500, 250, 0])
 */
export const spaced = (steps: number): Grid =>
  evenly('spaced', steps, (T) => {
    if (steps === 1) return [T - 1];
    const stride = (T - 1) / (steps - 1);
    // a running sum, as in the published code: at halves, a product rounds the other way
    let at = 0;
    return count(steps, (i) => roundHalfEven(i === 0 ? at : (at += stride)));
  });

/**
 * Multiples of ⌊T/steps⌋ from 0 on (DDIM, diffusers' `leading`): the noisiest timesteps may be left out.
 * More steps than the process has are a `ConfigError`.
 *
 * @example
 * pipe(ddpm(cosine(1000)), E.flatMap(leading(5))) // → E.right([800, 600, 400, 200, 0])
 */
export const leading = (steps: number): Grid =>
  evenly('leading', steps, (T) => count(steps, (i) => i * Math.floor(T / steps)));

/**
 * Steps of T/steps back from T-1 (Lin et al. 2024, table 2; diffusers' `trailing`): begins at the noisiest.
 * More steps than the process has are a `ConfigError`.
 *
 * @example
 * pipe(ddpm(cosine(1000)), E.flatMap(trailing(5))) // → E.right([999, 799, 599, 399, 199])
 */
export const trailing = (steps: number): Grid =>
  evenly('trailing', steps, (T) => count(steps, (i) => roundHalfEven(T - ((steps - 1 - i) * T) / steps) - 1));

/**
 * Timesteps of one's own, falling, within 0…T-1; otherwise a `ConfigError`.
 *
 * @example
 * pipe(ddpm(cosine(1000)), E.flatMap(timestepGrid([999, 500, 0]))) // → E.right([999, 500, 0])
 * pipe(ddpm(cosine(100)), E.flatMap(timestepGrid([999, 500, 0])), E.isRight) // → false
 */
export const timestepGrid =
  (timesteps: readonly number[]): Grid =>
  ({ schedule: { T } }) =>
    timesteps.length > 0 &&
    timesteps.every((t, i) => Number.isInteger(t) && t >= 0 && t < (i === 0 ? T : timesteps[i - 1]!))
      ? E.right(timesteps)
      : fail('ConfigError', {
          where: 'timestepGrid',
          expected: `falling whole timesteps between ${T - 1} and 0`,
          actual: `[${timesteps.join(', ')}]`,
          hint: 'begin at the noisiest timestep and name each once',
        });

/**
 * A number of steps is that many {@link spaced} evenly; a grid is itself.
 *
 * @example
 * pipe(ddpm(cosine(1000)), E.flatMap(gridOf(3))) // → E.right([999, 500, 0])
 * pipe(ddpm(cosine(1000)), E.flatMap(gridOf(trailing(2)))) // → E.right([999, 499])
 */
export const gridOf = (steps: number | Grid): Grid => (typeof steps === 'number' ? spaced(steps) : steps);
