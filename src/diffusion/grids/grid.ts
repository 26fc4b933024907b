import type { Exact } from '../../internal/exact.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { listedNumbers } from '../../internal/listed.js';
import { E, type either, F, t } from '../../internal/fp.js';
import type { DiscreteNoising } from '../paths/discreteNoising.js';
import { isDiscrete, type Noising, pathOf, withoutTimesteps } from '../paths/noising.js';
import { ramp } from '../../internal/numerics/ramp.js';
import { timestepCount } from '../schedules/schedule.js';
import { hinted, oneOf, positive, refined, tested, withRefusal } from '../../internal/decode.js';
import { eitherFrom, numbers } from '../../internal/parts.js';
import { argument, optional, type OptionsOf, schema } from '../../internal/schema.js';

/**
 * A time grid: the falling times at which a sampler calls the denoiser, from noise to data. Timesteps of a schedule may lie between
 * whole ones. The last step ends at the data.
 */
export type Grid = (noising: Noising) => either.Either<NoisefoldError, readonly number[]>;

const GRID = 'a number of timesteps, or a grid such as trailing(50)';

/** A grid, or a number of timesteps, as an option. */
export const gridPart: t.Type<number | Grid> = hinted(
  withRefusal(
    tested(GRID, (x): x is number | Grid => typeof x === 'number' || typeof x === 'function'),
    (x) =>
      typeof x === 'object' && numbers.is(x)
        ? { expected: GRID, actual: 'times in an array', hint: `write atTimes(${listedNumbers(x)})` }
        : null,
  ),
  'write grid: 25',
);

/** Makes a grid from arguments of a caller, after their check. */
export const gridOfNumbers =
  <A extends ArrayLike<number>>(where: string, grid: (values: A) => Grid) =>
  (values: A): Grid =>
  (noising) =>
    E.flatMap((known) => grid(known as A)(noising))(argument(where, numbers).decode(values)); // a checked value has the type A

/** A grid of the timesteps of a schedule. On a continuous path it is a `ConfigError`. */
export const overTimesteps =
  (
    where: string,
    grid: (noising: DiscreteNoising) => either.Either<NoisefoldError, readonly number[]>,
    hint = 'take evenGrid or karrasGrid',
  ): Grid =>
  (noising) =>
    isDiscrete(noising) ? grid(noising) : fail('ConfigError', withoutTimesteps(where, hint));

/**
 * Every timestep, T-1…0.
 * @example
 * const noising = unwrap(ddpm(cosine(4)))
 * unwrap(everyStep(noising)) // → [3, 2, 1, 0]
 */
export const everyStep: Grid = (noising) =>
  overTimesteps(
    'grid',
    ({ schedule: { T } }) => E.right(Array.from({ length: T }, (_, i) => T - 1 - i)),
    'write grid: 25',
  )(noising);

/** Rounds halves to the even neighbour, as Python does, so that grids agree with the published code. */
export const roundHalfEven = (x: number): number => {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
};

/** A grid from a function that returns `steps` rising timesteps of 0…T-1, without `left` of them. */
const evenly = (where: string, steps: number, rising: (T: number) => readonly number[], left = 0): Grid =>
  overTimesteps(where, ({ schedule: { T } }) => {
    const most = T - left;
    const known = hinted(
      refined(positive, `a whole number of steps from 1 to ${most}`, (n) => n <= most),
      'a sampler takes at most as many steps as the process has',
    );
    return E.map(() => [...rising(T)].reverse())(argument(where, known).decode(steps));
  });

const count = <A>(n: number, f: (i: number) => A): readonly A[] => Array.from({ length: n }, (_, i) => f(i));

/** `steps` of the timesteps 0…size-1, evenly spaced and rising, both ends included; one step is 0. */
export const spread = (size: number, steps: number): readonly number[] => {
  const stride = steps === 1 ? 1 : (size - 1) / (steps - 1);
  // a running sum, as in guided-diffusion: a product would round some halves the other way
  let at = 0;
  return count(steps, (i) => roundHalfEven(i === 0 ? at : (at += stride)));
};

/**
 * `steps` timesteps evenly spaced over 0…T-1, both ends included, as in guided-diffusion's respacing. One step is T-1; the code of
 * guided-diffusion has 0. The step that ends at t = 0 is by far the longest in λ. Returns a `ConfigError` for more than T steps.
 * @example
 * const noising = unwrap(ddpm(cosine(1000)))
 * unwrap(spaced(5)(noising)) // → [999, 749, 500, 250, 0]
 */
export const spaced = (steps: number): Grid =>
  evenly('spaced', steps, (T) => (steps === 1 ? [T - 1] : spread(T, steps)));

const endpointFields = {
  /**
   * True if it is in the grid. Default: true, as for DDIM and DDPM of diffusers. False for its DPM-Solver and UniPC, which
   * space one timestep more and begin no step at the last.
   */
  endpoint: optional(hinted(t.boolean, 'true includes the timestep nearest to the data'), true),
};

/** Handling of the timestep nearest to the data. */
interface Endpoint extends OptionsOf<typeof endpointFields> {}

const linspaceOptions = schema('linspace', endpointFields);

/**
 * `steps` timesteps evenly spaced over 0…T-1, rounded like diffusers' `linspace` (Lin et al. 2024, table 2), which differs
 * from {@link spaced} by one at some halves. One step is T-1, where DDIM and DDPM of diffusers have 0. Returns a
 * `ConfigError` for more than T steps.
 *
 * @param options - `endpoint`: false for `linspace` of DPM-Solver and UniPC; true, for DDIM and DDPM, if left out
 * @example
 * const noising = unwrap(ddpm(cosine(1000)))
 * unwrap(linspace(5)(noising)) // → [999, 749, 500, 250, 0]
 * unwrap(linspace(4, { endpoint: false })(noising)) // → [999, 749, 500, 250]
 */
export const linspace =
  <G = unknown>(steps: number, options?: Exact<G, keyof Endpoint> & Endpoint): Grid =>
  (noising) =>
    F.pipe(
      linspaceOptions.decode(options),
      E.flatMap(({ endpoint }) => {
        const left = endpoint ? 0 : 1;
        const rising = (T: number): readonly number[] =>
          steps + left === 1 ? [T - 1] : Array.from(ramp(0, T - 1, steps + left), roundHalfEven).slice(left);
        return evenly('linspace', steps, rising, left)(noising);
      }),
    );

const leadingOptions = schema('leading', {
  ...endpointFields,
  /** Added to each timestep, diffusers' `steps_offset`; 0 if left out. */
  offset: optional(
    hinted(refined(t.number, 'a whole number', Number.isInteger), 'Stable Diffusion has an offset of 1'),
    0,
  ),
});

interface Leading extends OptionsOf<typeof leadingOptions> {}

/**
 * Multiples of ⌊T/steps⌋ from 0 on (DDIM, diffusers' `leading`). May leave out the noisiest timesteps. Returns a
 * `ConfigError` for more than T steps.
 *
 * @param options - `offset`: added to each, diffusers' `steps_offset` (1 for Stable Diffusion); 0 if left out. An offset
 *   that leaves 0…T-1 is a `ConfigError`. `endpoint`: false for `leading` of DPM-Solver and UniPC, true if left out
 * @example
 * const noising = unwrap(ddpm(cosine(1000)))
 * unwrap(leading(5)(noising)) // → [800, 600, 400, 200, 0]
 * unwrap(leading(5, { offset: 1 })(noising)) // → [801, 601, 401, 201, 1]
 */
export const leading =
  <G = unknown>(steps: number, options?: Exact<G, keyof Leading> & Leading): Grid =>
  (noising) =>
    F.pipe(
      leadingOptions.decode(options),
      E.flatMap(({ offset, endpoint }) => {
        const left = endpoint ? 0 : 1;
        const multiples = (T: number): readonly number[] =>
          count(steps, (i) => (i + left) * Math.floor(T / (steps + left)) + offset);
        return evenly('leading', steps, multiples, left)(noising);
      }),
      E.flatMap((timesteps) => atTimes(timesteps)(noising)),
    );

const trailingOptions = schema('trailing', {
  /** 'nearest', halves to even as in diffusers, if left out; 'down' as in denoising-diffusion-pytorch. */
  rounding: optional(hinted(oneOf('nearest', 'down'), "'nearest' is usual"), 'nearest'),
});

interface Trailing extends OptionsOf<typeof trailingOptions> {}

/**
 * Steps of T/steps back from T-1 (Lin et al. 2024, table 2; diffusers' `trailing`): begins at the noisiest timestep, and the last
 * step, to the data, is as long in t as the others. A number of steps in place of a grid means this grid ({@link gridOf}). Returns
 * a `ConfigError` for more than T steps.
 *
 * @param options - `rounding`: 'nearest' if left out; 'down' is the grid of DDIM in lucidrains' denoising-diffusion-pytorch,
 *   linspace(-1, T-1, steps + 1) without its fractions, which differs where `steps` does not divide T
 * @example
 * const noising = unwrap(ddpm(cosine(1000)))
 * unwrap(trailing(5)(noising)) // → [999, 799, 599, 399, 199]
 * unwrap(trailing(3)(noising)) // → [999, 666, 332]
 * unwrap(trailing(3, { rounding: 'down' })(noising)) // → [999, 665, 332]
 */
export const trailing =
  <G = unknown>(steps: number, options?: Exact<G, keyof Trailing> & Trailing): Grid =>
  (noising) =>
    F.pipe(
      trailingOptions.decode(options),
      E.flatMap(({ rounding }) => {
        const rising = (T: number): readonly number[] => {
          if (rounding === 'down') return count(steps, (i) => Math.floor(((i + 1) * T) / steps) - 1);
          const stride = T - (T - T / steps); // rounds like NumPy's `arange`, which makes the published grids
          return count(steps, (i) => roundHalfEven(T - (steps - 1 - i) * stride) - 1);
        };
        return evenly('trailing', steps, rising)(noising);
      }),
    );

/**
 * A grid of the given times: timesteps of a schedule, which may be fractional, or times of a continuous path. Returns a
 * `ConfigError` unless they fall and are within those of the path: 0…T-1, or above 0. A time that exceeds an end by rounding
 * becomes that end.
 * @example
 * const noising = unwrap(ddpm(cosine(1000)))
 * unwrap(atTimes([999, 500, 0])(noising)) // → [999, 500, 0]
 * isRight(atTimes([999, 500, 0])(unwrap(ddpm(cosine(100))))) // → false
 * unwrap(atTimes([1, 0.9, 0.5])(rectifiedFlow())) // → [1, 0.9, 0.5]
 */
export const atTimes: (times: readonly number[]) => Grid = gridOfNumbers('atTimes', (times) => (noising) => {
  const { last, list } = pathOf(noising);
  const isInside = (t: number): boolean => (list ? t >= 0 : t > 0) && t <= last;
  const falling = last < Infinity ? times.map(toNearEnd(list ? [last, 0] : [last], last * 2 ** -44)) : times;
  return falling.length > 0 && falling.every((t, i) => isInside(t) && (i === 0 || t < falling[i - 1]!))
    ? E.right(falling)
    : fail('ConfigError', {
        where: 'atTimes',
        expected: `falling times between ${last} and 0`,
        actual: listedNumbers(times),
        hint: 'begin at the noisiest and name each once',
      });
});

/** Moves a time that equals an end of the path up to rounding to this end. */
const toNearEnd =
  (ends: readonly number[], rounding: number) =>
  (t: number): number =>
    ends.find((end) => Math.abs(t - end) <= rounding) ?? t;

/** The usual grid of a number of steps. */
const usualGrid =
  (steps: number): Grid =>
  (noising) =>
    isDiscrete(noising) ? trailing(steps)(noising) : E.map(noising.usual.grid)(timestepCount('grid', steps));

/**
 * The grid for a number of steps, or for a grid. A number means {@link trailing} on the timesteps of a schedule, and
 * {@link evenGrid} on a continuous path over [0, 1]; on a path of σ it means EDM's levels from 80 to 0.002 (`karrasGrid`). Returns
 * a `ConfigError` if the grid gives times that do not fall or are not of the noising.
 * @example
 * const noising = unwrap(ddpm(cosine(1000)))
 * unwrap(gridOf(4)(noising)) // → [999, 749, 499, 249]
 * unwrap(gridOf(spaced(3))(noising)) // → [999, 500, 0]
 */
export const gridOf =
  (steps: number | Grid): Grid =>
  (noising) =>
    F.pipe(
      argument('grid', gridPart).decode(steps),
      E.flatMap((known) =>
        typeof known === 'number'
          ? usualGrid(known)(noising)
          : eitherFrom('grid', 'a grid, which returns an Either of timesteps', 'trailing(50)', known(noising)),
      ),
      E.flatMap((timesteps) => atTimes(timesteps)(noising)),
    );
