/** The fields of schedulers of diffusers: each with the values that noisefold refuses, and with the differences that it makes. */
import type { NoisefoldError } from '../../dsl/index.js';
import { oneOf, only, show } from '../../internal/decode.js';
import { fail } from '../../internal/errors.js';
import { E, type either, type t } from '../../internal/fp.js';
import {
  type FieldName,
  hasExtraStep,
  isInNoise,
  type SchedulerSettings,
  spacingFields,
  spacingOf,
  TYPES,
} from './schedulerSettings.js';

/** Refuses a value that is incompatible with other fields or the number of steps: says what is expected, and what to do. */
interface Rule {
  readonly applies: (settings: SchedulerSettings, steps: number) => boolean;
  readonly expected: string | ((settings: SchedulerSettings, steps: number) => string);
  readonly hint: string;
  /** The field to change, if it is another one. */
  readonly where: ((settings: SchedulerSettings) => FieldName) | undefined;
}

/** A difference of our samples from those of the scheduler, with its field and its size; null if they are equal. */
type Note = (settings: SchedulerSettings, steps: number) => string | null;

interface SchedulerField {
  readonly type: t.Decoder<unknown, unknown>;
  readonly rules?: readonly Rule[];
  readonly notes?: readonly Note[];
}

/** The fields of a scheduler. */
export type SchedulerFields = { readonly [N in FieldName]?: SchedulerField };

/** A field with one more rule. */
const refusing = (
  field: SchedulerField,
  applies: Rule['applies'],
  expected: Rule['expected'],
  hint: string,
  where?: Rule['where'],
): SchedulerField => ({ ...field, rules: [...(field.rules ?? []), { applies, expected, hint, where }] });

/** A field with one more note. */
export const noting = (field: SchedulerField, note: Note): SchedulerField => ({
  ...field,
  notes: [...(field.notes ?? []), note],
});

const FOR_DIFFUSERS = 'diffusers cannot sample with it either: give the scheduler a value that it supports';

const ofFlow = ({ use_flow_sigmas: isFlow }: SchedulerSettings): boolean => isFlow;

const solvesInNoise = ({ algorithm_type: algorithm, predict_x0: inX0 }: SchedulerSettings): boolean =>
  isInNoise(algorithm) || algorithm === 'noise_prediction' || !inX0;

/** The field of Karras spacing, with the rule that diffusers takes one of all spacings. */
const oneSpacing = (hint: string): SchedulerField => {
  const spacings = (s: SchedulerSettings) => spacingFields({ ...s, use_lu_lambdas: false });
  return refusing(TYPES.use_karras_sigmas, (s) => spacings(s).length > 1, (s) => `false with ${spacings(s)[0]}`, hint, (s) => spacings(s)[1]!);
}; // oxfmt-ignore

/** Evenly spaced timesteps. A step that rounding adds changes samples by up to `percent` %. */
export const evenTimesteps = (percent: number): SchedulerField =>
  noting(TYPES.timestep_spacing, (settings, steps) =>
    hasExtraStep(settings, steps) && !spacingOf(settings) && !ofFlow(settings)
      ? `timestep_spacing: a rounding error gives diffusers a step more than ${steps}, at t = -1; noisefold takes ${steps} (up to ${percent} % of the greatest number, for a smooth model)`
      : null,
  );

/** The betas of all schedulers, and more of one. */
export const betaSchedules = (...more: readonly string[]): SchedulerField =>
  refusing(
    TYPES.beta_schedule,
    ({ beta_schedule: betas, trained_betas: trained }) =>
      !['linear', 'scaled_linear', 'squaredcos_cap_v2', ...more].includes(betas) && !trained,
    '"linear", "scaled_linear" or "squaredcos_cap_v2"',
    FOR_DIFFUSERS,
  );

/** The shift of a flow in time. Noise levels that replace those of the betas are not shifted, and most classes take none. */
const flowShifts = (...allowed: readonly string[]): SchedulerField =>
  refusing(
    TYPES.flow_shift,
    (settings) => ofFlow(settings) && spacingFields(settings).slice(0, 1).some((by) => !allowed.includes(by)),
    'false with use_flow_sigmas',
    'diffusers mixes times and noise levels: leave one out',
    (settings) => spacingFields(settings)[0]!,
  ); // oxfmt-ignore

/** Refuses the last time of a flow for one step, whose only time is 1. */
const inSteps = (field: SchedulerField) => refusing(field, (s, steps) => s.shift_terminal > 0 && steps === 1, 'none for one step', 'take at least 2: the time of the first is 1'); // oxfmt-ignore

/** Refuses the step of order 3 with noise, for settings that have one. */
const orders = (applies: Rule['applies']): SchedulerField =>
  refusing(
    TYPES.solver_order,
    (s, steps) => s.algorithm_type.startsWith('sde') && s.solver_order === 3 && applies(s, steps),
    (s) => `1 or 2 with algorithm_type ${show(s.algorithm_type)}`,
    'write 2: the step of order 3 in diffusers has a lower order, and earlier versions lack it',
  );

/** The algorithms of DPM-Solver; those in ε do not end at the data. */
export const algorithms = (...names: readonly [string, ...string[]]): SchedulerField =>
  refusing(
    { type: oneOf(...names) },
    (s) => isInNoise(s.algorithm_type) && s.final_sigmas_type === 'zero',
    '"dpmsolver++" or "sde-dpmsolver++" with final_sigmas_type "zero"',
    'write final_sigmas_type "sigma_min", as diffusers demands',
  );

/** Tests if the last step of DPM-Solver has a higher order, for which diffusers divides 0 by 0 if it has no length. */
const isHighAtEnd: Rule['applies'] = (s, steps) => {
  const isHigh = s.solver_order === 3 || (s.solver_order === 2 && s.solver_type === 'heun');
  return steps > 1 && isHigh && !s.euler_at_final && !(s.lower_order_final && steps < 15);
};

/** The order of UniPC's last step. */
const orderAtEnd = (s: SchedulerSettings, steps: number): number =>
  s.lower_order_final ? 1 : Math.min(s.solver_order, steps);

/** The end of a scheduler whose last step may have no length, with the note on it. */
const withoutLength = (applies: Rule['applies']): SchedulerField =>
  noting(TYPES.final_sigmas_type, (s, steps) =>
    s.final_sigmas_type === 'sigma_min' && applies(s, steps)
      ? 'final_sigmas_type: the last step has no length, and gives NaN in diffusers; noisefold takes none'
      : null,
  );

/** All fields, as most schedulers have them. */
export const FIELDS = {
  ...TYPES,
  noise_sampler_seed: noting(TYPES.noise_sampler_seed, () => 'noise_sampler_seed: it is not used. diffusers draws the noises of both evaluations of a step from one Brownian path, with a correlation of 1/√(1 + √(σ_s/σ_t)), 0.71 to 1; noisefold draws independent ones, and with brownian: true those of a path whose time is the angle of α and σ'),
  timestep_spacing: evenTimesteps(210),
  use_dynamic_shifting: { type: only(false) }, // no pipeline of a UNet2DModel gives diffusers a mu
  solver_order: orders(() => true),
  use_karras_sigmas: oneSpacing(FOR_DIFFUSERS),
  predict_x0: refusing(TYPES.predict_x0, (s) => !s.predict_x0 && s.final_sigmas_type === 'zero', 'true with final_sigmas_type "zero"', 'write final_sigmas_type "sigma_min": diffusers gives NaN for "zero"'),
  use_flow_sigmas: refusing(TYPES.use_flow_sigmas, (s) => ofFlow(s) && solvesInNoise(s), 'false for a solver in ε', FOR_DIFFUSERS),
  thresholding: refusing(TYPES.thresholding, (s) => s.thresholding && solvesInNoise(s) && !isInNoise(s.algorithm_type), 'false for a solver in ε', 'diffusers does not threshold here: leave it out'),
  beta_schedule: betaSchedules(),
  prediction_type: refusing(TYPES.prediction_type, (s) => ofFlow(s) !== (s.prediction_type === 'flow_prediction'), (s) => ofFlow(s) ? '"flow_prediction" with use_flow_sigmas' : '"epsilon", "sample" or "v_prediction" without use_flow_sigmas', FOR_DIFFUSERS),
  flow_shift: flowShifts(),
  num_train_timesteps: refusing(TYPES.num_train_timesteps, (s) => ofFlow(s) && s.num_train_timesteps !== 1000, '1000 with use_flow_sigmas', 'a network of a flow gets 1000·t'),
  shift_terminal: inSteps(refusing(TYPES.shift_terminal, (s) => !ofFlow(s) && s.shift_terminal > 0, '0 without use_flow_sigmas', FOR_DIFFUSERS)),
  skip_prk_steps: refusing(TYPES.skip_prk_steps, (s, steps) => !s.skip_prk_steps && steps < 4, (_, steps) => `true for ${steps} steps`, 'take at least 4 steps: diffusers ends before the data with fewer'),
  lambda_min_clipped: refusing(TYPES.lambda_min_clipped, (s) => Number.isFinite(s.lambda_min_clipped) && s.timestep_spacing === 'trailing', '-Infinity with timestep_spacing "trailing"', 'diffusers takes another number of steps with it: write "linspace"'),
} satisfies SchedulerFields; // oxfmt-ignore

/** Fields as some schedulers have them. */
export const OWN = {
  /** Over log-SNR, where rounding makes a difference of at most a size in %. */
  roundedSpacing: (percent: number) =>
    noting(FIELDS.use_karras_sigmas, (settings) => {
      const [by] = spacingFields(settings);
      return by === 'use_exponential_sigmas' || by === 'use_beta_sigmas'
        ? `${by}: rounding in 32 bits gives the network of diffusers some timesteps that are one less or more, such as 998 in the first step; noisefold rounds exact ones down (samples differ by at most ${percent} % of the greatest number, for a smooth model, the usual order and 8 steps or more)`
        : null;
    }),
  flowSpacing: oneSpacing('diffusers cannot sample with both'),
  flowTerminal: inSteps(TYPES.shift_terminal),
  dynamicShifting: refusing(TYPES.use_dynamic_shifting, (s) => s.use_dynamic_shifting, 'false: no pipeline of a UNet2DModel gives diffusers a mu', 'write false and shift: 1, and shift the times of the grid once by e^μ, which fluxShift computes: docs/weights.md shows it'),
  edmSchedule: refusing(TYPES.sigma_schedule, (s, steps) => s.sigma_schedule === 'exponential' && steps === 1, '"karras" for one step', 'take at least 2: one begins at sigma_min'),
  edmPrediction: refusing({ type: oneOf('epsilon', 'v_prediction') }, (s) => s.prediction_type === 'v_prediction', '"epsilon"', 'its output is that of "epsilon" times -1: negate conv_out'),
  /** Singlestep DPM-Solver has a step of order 3 by its midpoint. */
  singlestepOrder: orders((s) => s.solver_type === 'heun'),
  karrasShift: flowShifts('use_karras_sigmas'),
  /** Only the variance of DDPM's steps is used. */
  ancestralVariance: noting({ type: oneOf('fixed_small', 'fixed_small_log', 'fixed_large', 'fixed_large_log', 'learned_range') }, (s) =>
    s.variance_type === 'fixed_large_log' ? 'variance_type: diffusers takes the root of log β, so its samples are NaN; noisefold takes that of β' : null,
  ),
  /** DPM-Solver: with noise levels that a field replaces, its last step may have no length. */
  dpmEnd: withoutLength((s, steps) => spacingOf(s) !== undefined && isHighAtEnd(s, steps)),
  edmEnd: withoutLength(isHighAtEnd),
  uniPCEnd: noting(
    withoutLength((s, steps) => orderAtEnd(s, steps) > 2 && (ofFlow(s) || spacingOf(s) !== undefined)),
    (s, steps) => {
      const isBh1 = s.solver_type === 'bh1';
      // at the data, diffusers multiplies or divides by the infinite length
      return s.final_sigmas_type === 'zero' && (isBh1 || orderAtEnd(s, steps) > 1)
        ? `${isBh1 ? 'solver_type' : 'lower_order_final'}: the last step has an infinite length, and gives NaN, ∞ or an error in diffusers; noisefold ends at x̂₀`
        : null;
    },
  ),
  /** The predictions of classes whose steps diffusers does not define for x₀. */
  withoutX0: refusing(FIELDS.prediction_type, (s) => s.prediction_type === 'sample', '"epsilon" or "v_prediction"', FOR_DIFFUSERS),
  /** The betas of ancestral steps. σ may fall so far in a step that 32 bits lose σ_down: in few steps of a cosine schedule. */
  ancestralBetas: noting(FIELDS.beta_schedule, (s, steps) =>
    s.beta_schedule === 'squaredcos_cap_v2' && !s.trained_betas && steps > 1 && (steps <= 10 || s.use_beta_sigmas)
      ? 'beta_schedule: diffusers computes σ_down in 32 bits, as the root of a difference that may be below 0 where σ falls far in a step, and then gives NaN; noisefold takes σ_s²/σ_t'
      : null,
  ),
} as const; // oxfmt-ignore

/** Some of these fields, by name. */
export const fieldsOf = (...names: readonly FieldName[]): SchedulerFields =>
  Object.fromEntries(names.map((name) => [name, FIELDS[name]]));

/** Fields of the process. */
export const BETAS = ['num_train_timesteps', 'beta_start', 'beta_end', 'beta_schedule', 'trained_betas', 'prediction_type'] as const; // oxfmt-ignore

/** Fields of the grid of timesteps. */
export const GRID = ['timestep_spacing', 'steps_offset'] as const;

/** Fields of the correction of x̂₀. */
export const THRESHOLDS = ['thresholding', 'dynamic_thresholding_ratio', 'sample_max_value'] as const;
export const CLIPS = [...THRESHOLDS, 'clip_sample', 'clip_sample_range'] as const;

/** Fields of grids by noise level. */
export const SIGMAS = ['use_karras_sigmas', 'use_exponential_sigmas', 'use_beta_sigmas'] as const;

/** Fields of grids of a flow. */
export const FLOW = ['use_flow_sigmas', 'flow_shift', 'use_dynamic_shifting', 'time_shift_type'] as const;

/** Fields of the order and the type of DPM-Solver's steps. */
export const ORDERS = [...THRESHOLDS, 'final_sigmas_type', 'solver_order', 'solver_type', 'lower_order_final'] as const;

/** The fields of multistep and singlestep DPM-Solver. */
export const dpmFields = (...first: readonly FieldName[]): SchedulerFields => ({
  ...fieldsOf(...BETAS, ...first, ...ORDERS, ...SIGMAS, 'lambda_min_clipped', ...FLOW),
  use_karras_sigmas: OWN.roundedSpacing(0.5),
  variance_type: { type: oneOf('learned', 'learned_range') }, // the variance is not used
});

/** The fields of schedulers over σ. */
export const sigmaFields = fieldsOf(...BETAS, ...GRID, ...SIGMAS);

/** The fields of flow matching. */
export const flowFields: SchedulerFields = {
  ...fieldsOf('num_train_timesteps', 'shift'),
  num_train_timesteps: { type: only(1000) }, // the network gets 1000·t
};
export const flowTimeFields: SchedulerFields = {
  ...flowFields,
  use_dynamic_shifting: OWN.dynamicShifting,
  ...fieldsOf('base_shift', 'max_shift', 'base_image_seq_len', 'max_image_seq_len'),
  time_shift_type: { type: oneOf('exponential', 'linear') },
  ...fieldsOf('invert_sigmas'),
  shift_terminal: OWN.flowTerminal,
  ...fieldsOf(...SIGMAS),
  use_karras_sigmas: OWN.flowSpacing,
};

/** The fields of EDM. A grid of another number of steps replaces `num_train_timesteps`. */
export const edmFields: SchedulerFields = {
  ...fieldsOf('final_sigmas_type', 'sigma_min', 'sigma_max', 'sigma_data'),
  sigma_schedule: OWN.edmSchedule,
  prediction_type: OWN.edmPrediction,
  ...fieldsOf('rho', 'num_train_timesteps'),
};

/** The fields of a scheduler in one order. */
const listed = (fields: SchedulerFields): readonly (readonly [FieldName, SchedulerField])[] =>
  (Object.keys(TYPES) as FieldName[]).flatMap((name) => {
    const field = fields[name];
    return field === undefined ? [] : [[name, field] as const];
  });

/** Refuses values that do not fit each other: the error names the field of the first one. */
export const checkedSettings = (
  fields: SchedulerFields,
  settings: SchedulerSettings,
  steps: number,
): either.Either<NoisefoldError, void> => {
  for (const [name, { rules = [] }] of listed(fields))
    for (const { applies, expected, hint, where: other } of rules) {
      if (!applies(settings, steps)) continue;
      const where = other?.(settings) ?? name;
      const wanted = typeof expected === 'string' ? expected : expected(settings, steps);
      return fail('ConfigError', { where, expected: wanted, actual: show(settings[where]), hint });
    }
  return E.right(undefined);
};

/** The differences of our samples from those of the scheduler. */
export const notesOn = (fields: SchedulerFields, settings: SchedulerSettings, steps: number): readonly string[] =>
  listed(fields).flatMap(([, { notes = [] }]) => notes.flatMap((note) => note(settings, steps) ?? []));
