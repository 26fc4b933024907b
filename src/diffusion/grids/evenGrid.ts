import { onHost } from '../../dsl/index.js';
import { aboveZero, hinted, refined } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { isDiscrete, withoutEnds } from '../paths/noising.js';
import { withCount } from '../schedules/schedule.js';
import { stretchedTo, timeShift } from '../schedules/timeShift.js';
import type { Grid } from './grid.js';

const evenOptions = schema('evenGrid', {
  /** The shift s of SD3; 1, no shift, if left out. */
  shift: optional(hinted(aboveZero, 'SD3 uses 3 at 1024×1024'), 1),
  /** The last time, to which the shifted times are stretched: `shift_terminal` of diffusers. Not stretched if left out. */
  terminal: optional(
    hinted(
      refined(aboveZero, 'a time between 0 and 1', (time) => time > 0 && time < 1),
      'LTX-Video uses 0.1',
    ),
  ),
});

interface EvenGrid extends OptionsOf<typeof evenOptions> {}

/** The timestep T·u - 1 at a fraction u of a discrete path, where -1 is the data. Rounds a timestep that is whole up to rounding. */
const timestepAt =
  (T: number) =>
  (u: number): number =>
    Math.round((T * u - 1) * 2 ** 20) / 2 ** 20;

/**
 * `steps` equal steps of time from the end to the data, shifted toward the noise by t ↦ s·t/(1 + (s - 1)·t): SD3 (Esser et al.
 * 2024), eq. 23, where s = √(m/n) for images of m pixels, if no shift is right for n pixels; FLUX has s = e^μ of {@link fluxShift}.
 * On a continuous path over [0, 1] these are its times; on a discrete path t is the fraction (timestep + 1)/T, and without a shift
 * the grid is {@link trailing} before rounding. Grids of noise levels have no shift, because it is a map of times. With `terminal`
 * the shifted times are stretched from the noise on, so that the last has this time. Returns a `ConfigError` on a path of σ, for
 * more steps than timesteps, and for one step with `terminal`.
 * @example
 * unwrap(evenGrid(4)(rectifiedFlow())) // → [1, 0.75, 0.5, 0.25]
 * unwrap(evenGrid(4, { shift: 3 })(rectifiedFlow())) // → [1, 0.9, 0.75, 0.5]
 * unwrap(evenGrid(4, { shift: 3, terminal: 0.2 })(rectifiedFlow())) // → [1, 0.84, 0.6, 0.2]
 * unwrap(evenGrid(4, { shift: 3 })(unwrap(ddpm(cosine(1000))))) // → [999, 899, 749, 499]
 */
export const evenGrid =
  <G = unknown>(steps: number, options?: Exact<G, keyof EvenGrid> & EvenGrid): Grid =>
  (noising) =>
    F.pipe(
      withCount('evenGrid', steps, evenOptions.decode(options)),
      E.flatMap(({ options: { shift, terminal }, count: n }) => {
        if (terminal !== undefined && n === 1)
          return fail('ConfigError', {
            where: 'evenGrid.terminal',
            expected: 'none for one step, whose time is 1',
            actual: `${terminal}`,
            hint: 'take 2 steps or more',
          });
        const shifted = Array.from({ length: n }, (_, i) => 1 - i / n).map(onHost(timeShift(shift)));
        const fractions = terminal === undefined ? shifted : stretchedTo(terminal)(shifted);
        if (isDiscrete(noising)) return overAll(noising.schedule.T, fractions);
        return noising.time === 'unit'
          ? E.right(fractions)
          : fail('ConfigError', withoutEnds('evenGrid', noising, 'take karrasGrid(25)'));
      }),
    );

const overAll = (T: number, fractions: readonly number[]): either.Either<NoisefoldError, readonly number[]> => {
  const timesteps = fractions.map(timestepAt(T));
  return timesteps.at(-1)! >= 0
    ? E.right(timesteps)
    : fail('ConfigError', {
        where: 'evenGrid',
        expected: `steps that begin at the ${T} timesteps of the process`,
        actual: `${fractions.length}, of which the last begins at timestep ${timesteps.at(-1)}`,
        hint: 'take fewer steps, or a shift of at least 1',
      });
};
