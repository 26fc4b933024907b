/** Last steps that diffusers cannot take. */
import { type SchedulerSettings, spacingOf } from './schedulerSettings.js';

/** The note on the last step of a scheduler, for a number of steps; null if diffusers takes it. */
export type EndNote = (settings: SchedulerSettings, steps: number) => string | null;

/** Tests if the last step of DPM-Solver has a higher order, for which diffusers divides 0 by 0 if it has no length. */
export const isHighAtEnd = (
  settings: Pick<SchedulerSettings, 'solver_order' | 'solver_type' | 'lower_order_final' | 'euler_at_final'>,
  steps: number,
): boolean => {
  const { solver_order: order, solver_type: type, lower_order_final: lowers, euler_at_final: byEuler } = settings;
  const isHigh = order === 3 || (order === 2 && type === 'heun');
  return steps > 1 && isHigh && !byEuler && !(lowers && steps < 15);
};

/** The difference in a last step without length. */
export const NO_LENGTH =
  'final_sigmas_type: the last step has no length, and gives NaN in diffusers; noisefold takes none';

/** Multistep DPM-Solver: with noise levels that a field replaces, its last step may have no length. */
export const endNoteOfDpm: EndNote = (settings, steps) =>
  settings.final_sigmas_type === 'sigma_min' && spacingOf(settings) && isHighAtEnd(settings, steps) ? NO_LENGTH : null;

/**
 * UniPC: its last step may have no length, or end at the data, where diffusers multiplies or divides by the infinite length of that
 * step.
 */
export const endNoteOfUniPC: EndNote = (settings, steps) => {
  const { solver_order: order, solver_type: type, lower_order_final: lowers, use_flow_sigmas: isFlow } = settings;
  const orderAtEnd = lowers ? 1 : Math.min(order, steps);
  if (settings.final_sigmas_type === 'sigma_min')
    return orderAtEnd > 2 && (isFlow || spacingOf(settings)) ? NO_LENGTH : null;
  const field = type === 'bh1' ? 'solver_type' : 'lower_order_final';
  return type === 'bh1' || orderAtEnd > 1
    ? `${field}: the last step has an infinite length, and gives NaN, ∞ or an error in diffusers; noisefold ends at x̂₀`
    : null;
};
