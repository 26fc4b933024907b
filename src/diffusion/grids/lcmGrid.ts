import type { Exact } from '../../internal/exact.js';
import { fail } from '../../internal/errors.js';
import { E, t } from '../../internal/fp.js';
import { type Grid, overTimesteps } from './grid.js';
import { ramp } from '../../internal/numerics/ramp.js';
import { hinted } from '../../internal/decode.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';

const lcmOptions = schema('lcmGrid', {
  /** The number of steps that the teacher's path was divided into; 50 if left out. */
  original: optional(
    hinted(t.number, 'original is the number of steps that the model was distilled with, 50 if left out'),
    50,
  ),
});

interface LcmOptions extends OptionsOf<typeof lcmOptions> {}

/**
 * The grid of latent consistency models (Luo et al. 2023, LCM, section 4.3; `LCMScheduler` of diffusers): `steps` of the timesteps
 * k·(1…original) - 1, k = ⌊T/original⌋, at which the model was distilled: evenly spaced from the noisiest timestep, and rounded
 * down. Returns a `ConfigError` unless steps ≤ original ≤ T.
 *
 * @param options - `original`: the number of steps that the teacher's path was divided into; 50 if left out
 * @example
 * const noising = unwrap(ddpm(scaledLinear(1000)))
 * unwrap(lcmGrid(4)(noising)) // → [999, 759, 499, 259]
 */
export const lcmGrid = <G = unknown>(steps: number, options?: Exact<G, keyof LcmOptions> & LcmOptions): Grid =>
  overTimesteps('lcmGrid', ({ schedule: { T } }) => {
    const settings = lcmOptions.decode(options);
    if (E.isLeft(settings)) return settings;
    const { original } = settings.right;
    const isCount = (n: number, most: number): boolean => Number.isInteger(n) && n >= 1 && n <= most;
    if (!isCount(original, T) || !isCount(steps, original))
      return fail('ConfigError', {
        where: 'lcmGrid',
        expected: `whole numbers steps ≤ original ≤ ${T}`,
        actual: `steps = ${steps}, original = ${original}`,
        hint: 'a consistency model takes 1 to 8 steps; original is the number that it was distilled with',
      });
    const k = Math.floor(T / original);
    // NumPy's linspace without its endpoint
    const places = ramp(0, original, steps + 1).slice(0, steps);
    return E.right(Array.from(places, (place) => k * (original - Math.floor(place)) - 1));
  });
