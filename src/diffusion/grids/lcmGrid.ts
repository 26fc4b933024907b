import { fail } from '../../internal/errors.js';
import { E, t } from '../../internal/fp.js';
import type { Grid } from './grid.js';
import { ramp } from '../schedules/ramp.js';
import { optionsOf } from '../../internal/options.js';
import { exactly } from '../../internal/decode.js';

const lcmOptions = optionsOf({
  where: 'lcmGrid',
  options: exactly({}, { original: t.number }),
  hint: 'original is the number of steps of the distillation, 50 if left out',
});

/**
 * `steps` timesteps of those that a latent consistency model was distilled at (Luo et al. 2023, LCM, section 4.3, as
 * `LCMScheduler` of diffusers takes them): of k·(1…original) - 1 with k = ⌊T/original⌋, from the noisiest on, those at
 * equal distances, rounded down. More steps than those, or more of those than timesteps, are a `ConfigError`.
 *
 * @param options - `original`: in how many steps the teacher's path was divided; 50 if left out
 * @example pipe(ddpm(scaledLinear(1000)), E.flatMap(lcmGrid(4))) // → E.right([999, 759, 499, 259])
 */
export const lcmGrid =
  (steps: number, options: { readonly original?: number } = {}): Grid =>
  ({ schedule: { T } }) => {
    const given = lcmOptions(options);
    if (E.isLeft(given)) return given;
    const { original = 50 } = given.right;
    const isCount = (n: number, most: number): boolean => Number.isInteger(n) && n >= 1 && n <= most;
    if (!isCount(original, T) || !isCount(steps, original))
      return fail('ConfigError', {
        where: 'lcmGrid',
        expected: `whole numbers of steps, at most as many as the ${original} of the distillation, which are at most ${T}`,
        actual: `${steps} of ${original}`,
        hint: 'a consistency model takes 1 to 8; original is what it was distilled with',
      });
    const k = Math.floor(T / original);
    // NumPy's linspace without its endpoint
    const places = ramp(0, original, steps + 1).slice(0, steps);
    return E.right(Array.from(places, (place) => k * (original - Math.floor(place)) - 1));
  };
