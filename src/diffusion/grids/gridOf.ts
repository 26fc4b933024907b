import { E, F } from '../../internal/fp.js';
import { isDiscrete } from '../levels/noising.js';
import { type Grid, timestepGrid, trailing } from './grid.js';
import { timestepCount } from '../levels/schedule.js';

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
      noising,
      typeof steps === 'number' ? usualGrid(steps) : steps,
      E.flatMap((timesteps) => timestepGrid(timesteps)(noising)),
    );
