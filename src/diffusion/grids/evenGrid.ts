import { onHost } from '../../dsl/index.js';
import { aboveZero, hinted } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { fail } from '../../internal/errors.js';
import { E, F } from '../../internal/fp.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { isDiscrete, withoutEnds } from '../levels/noising.js';
import { timestepCount } from '../levels/schedule.js';
import { timeShift } from '../levels/timeShift.js';
import type { Grid } from './grid.js';

const evenOptions = schema('evenGrid', {
  /** The shift s of SD3; 1, no shift, if left out. */
  shift: optional(hinted(aboveZero, 'SD3 uses 3 at 1024×1024'), 1),
});

interface EvenGrid extends OptionsOf<typeof evenOptions> {}

/**
 * `steps` equal steps of time from 1 to the data on a continuous path over [0, 1], shifted toward the noise by
 * t ↦ s·t/(1 + (s - 1)·t): SD3 (Esser et al. 2024), eq. 23, where s is the root of the ratio of the numbers of pixels; FLUX has
 * s = e^μ. Returns a `ConfigError` on other paths.
 * @example
 * unwrap(evenGrid(4)(rectifiedFlow())) // → [1, 0.75, 0.5, 0.25]
 * unwrap(evenGrid(4, { shift: 3 })(rectifiedFlow())) // → [1, 0.9, 0.75, 0.5]
 */
export const evenGrid =
  <G = unknown>(steps: number, options?: Exact<G, keyof EvenGrid> & EvenGrid): Grid =>
  (noising) =>
    F.pipe(
      evenOptions.decode(options),
      E.bindTo('options'),
      E.bind('count', () => timestepCount('evenGrid', steps)),
      E.flatMap(({ options: { shift: s }, count: n }) =>
        !isDiscrete(noising) && noising.time === 'unit'
          ? E.right(Array.from({ length: n }, (_, i) => 1 - i / n).map(onHost(timeShift(s))))
          : fail(
              'ConfigError',
              withoutEnds('evenGrid', noising, 'take trailing(25) for timesteps, and karrasGrid(25) for σ'),
            ),
      ),
    );
