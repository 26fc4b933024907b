import { fail, type NoisefoldError } from '../dsl/errors.js';
import { E, type either, F } from '../internal/fp.js';
import type { Process } from './process.js';
import { ramp } from './ramp.js';

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

/** `steps` of `size` timesteps, rising from 0 to the last; 0 alone for a single one. */
export const spread = (size: number, steps: number): readonly number[] => {
  const stride = steps === 1 ? 1 : (size - 1) / (steps - 1);
  // a running sum, as in guided-diffusion: at halves, a product rounds the other way
  let at = 0;
  return count(steps, (i) => roundHalfEven(i === 0 ? at : (at += stride)));
};

/**
 * `steps` timesteps spread evenly over 0…T-1, both ends included, as guided-diffusion respaces; a single
 * step is T-1. More steps than the process has are a `ConfigError`.
 *
 * @example
 * pipe(ddpm(cosine(1000)), E.flatMap(spaced(5))) // → E.right([999, 749, 500, 250, 0])
 */
export const spaced = (steps: number): Grid =>
  evenly('spaced', steps, (T) => (steps === 1 ? [T - 1] : spread(T, steps)));

/**
 * As {@link spaced}, but with the roundings of diffusers' `linspace` (Lin et al. 2024, table 2), which differ by one
 * at some halves. More steps than the process has are a `ConfigError`.
 *
 * @example
 * pipe(ddpm(cosine(1000)), E.flatMap(linspace(5))) // → E.right([999, 749, 500, 250, 0])
 */
export const linspace = (steps: number): Grid =>
  evenly('linspace', steps, (T) =>
    steps === 1 ? [T - 1] : Array.from(ramp(0, T - 1, steps), roundHalfEven),
  );

/**
 * Multiples of ⌊T/steps⌋ from 0 on (DDIM, diffusers' `leading`): the noisiest timesteps may be left out.
 * More steps than the process has are a `ConfigError`.
 *
 * @param options - `offset`: added to each, diffusers' `steps_offset` (1 for Stable Diffusion); 0 if left out. One that
 * leads out of 0…T-1 is a `ConfigError`
 * @example
 * pipe(ddpm(cosine(1000)), E.flatMap(leading(5))) // → E.right([800, 600, 400, 200, 0])
 * pipe(ddpm(cosine(1000)), E.flatMap(leading(5, { offset: 1 }))) // → E.right([801, 601, 401, 201, 1])
 */
export const leading =
  (steps: number, { offset = 0 }: { readonly offset?: number } = {}): Grid =>
  (process) =>
    F.pipe(
      process,
      evenly('leading', steps, (T) => count(steps, (i) => i * Math.floor(T / steps) + offset)),
      E.flatMap((timesteps) => timestepGrid(timesteps)(process)),
    );

/**
 * Steps of T/steps back from T-1 (Lin et al. 2024, table 2; diffusers' `trailing`): begins at the noisiest.
 * More steps than the process has are a `ConfigError`.
 *
 * @example
 * pipe(ddpm(cosine(1000)), E.flatMap(trailing(5))) // → E.right([999, 799, 599, 399, 199])
 */
export const trailing = (steps: number): Grid =>
  evenly('trailing', steps, (T) => {
    const stride = T - (T - T / steps); // rounds as NumPy's `arange` does, of which the published grids are made
    return count(steps, (i) => roundHalfEven(T - (steps - 1 - i) * stride) - 1);
  });

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
 * A number of steps is that many {@link spaced} evenly; a grid is itself, and a `ConfigError` where it gives other
 * than falling timesteps of the process.
 *
 * @example
 * pipe(ddpm(cosine(1000)), E.flatMap(gridOf(3))) // → E.right([999, 500, 0])
 * pipe(ddpm(cosine(1000)), E.flatMap(gridOf(trailing(2)))) // → E.right([999, 499])
 */
export const gridOf =
  (steps: number | Grid): Grid =>
  (process) =>
    F.pipe(
      process,
      typeof steps === 'number' ? spaced(steps) : steps,
      E.flatMap((timesteps) => timestepGrid(timesteps)(process)),
    );
