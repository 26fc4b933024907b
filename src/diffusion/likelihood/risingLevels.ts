import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { type Grid, gridOf } from '../grids/grid.js';
import type { Level } from '../channels/level.js';
import { type Noising, pathOf } from '../paths/noising.js';

/**
 * The levels of a grid from the least noise to the most, between which a likelihood is integrated. Returns a `ConfigError` for
 * fewer than two. The grid of a number ends at the least noise, and not at the data as in sampling.
 */
export const risingLevels =
  (where: string, ofNumber: (steps: number) => Grid) =>
  (noising: Noising, grid: number | Grid): either.Either<NoisefoldError, readonly Level[]> =>
    F.pipe(
      gridOf(typeof grid === 'number' ? ofNumber(grid) : grid)(noising),
      E.flatMap((falling) =>
        falling.length >= 2
          ? E.right([...falling].reverse().map(pathOf(noising).levelAt))
          : fail('ConfigError', {
              where,
              expected: 'a grid of at least two timesteps',
              actual: `${falling.length}`,
              hint: 'the path leads from the least to the most noise of the grid; more steps are more accurate',
            }),
      ),
    );
