/** The settings of the schedulers of diffusers, with their common defaults. */
import type { Correction, EdmPreconditioning, Grid, Noising, SigmaRange, Solver } from '../../diffusion/index.js';
import { type Filled, schema } from '../../internal/schema.js';
import { FIELDS } from './schedulerFields.js';
import { betaSpaced, karras, spacedAlong } from '../../diffusion/schedules/spacedSigmas.js';

/** The fields of all schedulers, with the defaults of the given one. */
export interface SchedulerSettings extends Filled<typeof FIELDS> {
  /** η of DDIM's steps, or γ of TCD's: an argument of diffusers, and no field. */
  readonly eta: number;
}

export const DEFAULTS: SchedulerSettings = { ...schema('scheduler', FIELDS).demand({}), eta: 0 };

/** The sampling options that a scheduler defines. */
export interface SchedulerSampling {
  readonly solver: Solver;
  readonly grid: Grid;
  readonly correction: Correction;
}

/** The process of a scheduler, the prediction of its network, and its sampling. */
export interface SchedulerProcess {
  readonly noising: Noising;
  readonly predicts: 'epsilon' | 'x0' | 'v' | 'velocity';
  /** The preconditioning that the scheduler applies to the network. */
  readonly preconditioning?: EdmPreconditioning;
  readonly sampling: SchedulerSampling;
  /** Differences from diffusers, and unknown fields. */
  readonly notes: readonly string[];
}

/** A scheduler on the times of its grid. */
export interface Visit {
  readonly settings: SchedulerSettings;
  readonly timesteps: readonly number[];
}

/** Falling noise levels of a number of steps between two. */
type Spacing = (steps: number, range: SigmaRange) => Float64Array;

const exponential: Spacing = (steps, range) => spacedAlong(steps, range, Math.log, Math.exp);

/** The fields that replace noise levels by others with the same ends. */
const SPACINGS = {
  use_karras_sigmas: (steps, range) => karras(steps, range, 7),
  use_lu_lambdas: exponential,
  use_exponential_sigmas: exponential,
  use_beta_sigmas: (steps, range) => betaSpaced(steps, range, { alpha: 0.6, beta: 0.6 }),
} satisfies Record<string, Spacing>;

export type SpacingField = keyof typeof SPACINGS;

/** The fields of a configuration that replace its noise levels. diffusers takes the first, and only `use_lu_lambdas` with others. */
export const spacingFields = (settings: Partial<Pick<SchedulerSettings, SpacingField>>): readonly SpacingField[] =>
  (Object.keys(SPACINGS) as SpacingField[]).filter((field) => settings[field]); // its own keys

/** The noise levels that replace those of a range; undefined if none do. */
export const spacingOf = (settings: Partial<Pick<SchedulerSettings, SpacingField>>): Spacing | undefined => {
  const [field] = spacingFields(settings);
  return field && SPACINGS[field];
};
