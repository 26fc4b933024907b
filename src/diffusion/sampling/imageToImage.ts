import { add, type Dim, mul, type Shape, type Tensor } from '../../dsl/index.js';
import { fail } from '../../internal/errors.js';
import { listedNumbers } from '../../internal/listed.js';
import { hinted, refined, share } from '../../internal/decode.js';
import { E, F } from '../../internal/fp.js';
import { argument } from '../../internal/schema.js';
import { type Grid, gridOf } from '../grids/grid.js';
import type { Sampler } from './sampler.js';
import { isDiscrete } from '../paths/noising.js';
import { beginAt, type SampleState } from '../solvers/integrator.js';

const strengthOf = argument(
  'partOfTheWay',
  hinted(
    refined(share, 'a strength above 0 and at most 1', (n) => n > 0),
    '0.5 keeps about half of an image',
  ),
);

/**
 * The timesteps of a grid below strength·T, to start sampling partway with {@link startFrom}. A strength of 1 keeps nothing of the
 * image; a small strength keeps almost everything. Returns a `ConfigError` for a strength outside of (0, 1], and if no timestep is
 * left.
 *
 * @param steps - the whole grid, or its number of steps, which means {@link trailing}
 * @example
 * const noising = unwrap(ddpm(cosine(1000)))
 * unwrap(partOfTheWay(0.6, trailing(5))(noising)) // → [599, 399, 199]
 * isRight(partOfTheWay(1.5, 5)(noising)) // → false
 */
export const partOfTheWay =
  (strength: number, steps: number | Grid): Grid =>
  (noising) =>
    F.pipe(
      strengthOf.decode(strength),
      E.flatMap(() => gridOf(steps)(noising)),
      E.flatMap((timesteps) => {
        const { part, expected } = isDiscrete(noising)
          ? {
              part: timesteps.filter((t) => t < strength * noising.schedule.T),
              expected: `a timestep below ${strength}·${noising.schedule.T}`,
            }
          : {
              part: timesteps.slice(timesteps.length - Math.floor(strength * timesteps.length + 1e-9)),
              expected: `at least ${Math.ceil(1 / strength)} steps`,
            };
        return part.length > 0
          ? E.right(part)
          : fail('ConfigError', {
              where: 'partOfTheWay',
              expected,
              actual: listedNumbers(timesteps),
              hint: 'take more steps, or more strength',
            });
      }),
    );

/**
 * The initial state of a sampler that starts from noisy data instead of noise: q(x_t|x_0) at the first timestep of its grid.
 * SDEdit (Meng et al. 2022), Algorithm 1, with a grid such as {@link partOfTheWay}.
 *
 * - `x0`: data, `[B, ...I]`; `noise`: ε ~ N(0, I), like it
 * @example
 * const white: Denoiser<null, [1]> = { predicts: 'x0', apply: (_, x) => onesLike(x) }
 * const noising = unwrap(ddpm(scheduleFromBetas([0.36, 0.4375])))
 * const result = unwrap(sampler({ noising, denoiser: white, grid: partOfTheWay(0.5, everyStep), solver: ddim() }))
 * startFrom(result)(ones(1, 1), zeros(1, 1)).x // → [[0.8]]
 */
export const startFrom =
  <P, I extends Shape>({ plan, memory }: Sampler<P, I>) =>
  <B extends Dim>(x0: Tensor<[B, ...I]>, noise: Tensor<[NoInfer<B>, ...I]>): SampleState<[B, ...I]> => {
    const { alpha, sigma } = plan[0]!.from; // a grid has at least one timestep
    return beginAt(memory)(add(mul(x0, alpha), mul(noise, sigma)));
  };
