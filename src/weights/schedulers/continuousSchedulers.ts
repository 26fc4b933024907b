/** Schedulers of diffusers on continuous paths: flow matching, EDM, and IPNDM. */
import {
  atTimes,
  consistency,
  edm,
  euler,
  exponentialGrid,
  flowHeun,
  karrasGrid,
  rectifiedFlow,
  type Solver,
  trigonometric,
  uncorrected,
} from '../../diffusion/index.js';
import { isData } from '../../diffusion/channels/level.js';
import { stretchedTo, timeShift } from '../../diffusion/schedules/timeShift.js';
import { type NoisefoldError, onHost } from '../../dsl/index.js';
import { aboveZero, finite, oneOf, only, positive } from '../../internal/decode.js';
import { fail } from '../../internal/errors.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { optional, schema } from '../../internal/schema.js';
import { ramp } from '../../internal/numerics/ramp.js';
import { isHighAtEnd, NO_LENGTH } from './schedulerEnds.js';
import { dpmSteps, fieldsOf, terminal } from './schedulerFields.js';
import { firstRefusal, orderRefusal } from './schedulerNotes.js';
import { withLevels } from './schedulerPaths.js';
import { correctionOf } from './schedulerSampling.js';
import {
  DEFAULTS,
  type SchedulerProcess,
  type SchedulerSettings,
  type SpacingField,
  spacingFields,
  spacingOf,
} from './schedulerSettings.js';
import { dpmMultistepSteps, ipndmSteps } from './schedulerSolvers.js';

const flowFields = {
  num_train_timesteps: only(1000), // the network gets 1000·t
  shift: aboveZero,
};

/** The fields of EDM that differ from those of other schedulers, with the defaults of diffusers. */
const EDM_FIELDS = {
  sigma_min: optional(aboveZero, 0.002),
  sigma_max: optional(aboveZero, 80),
  sigma_data: optional(aboveZero, 0.5),
  sigma_schedule: optional(oneOf('karras', 'exponential'), 'karras'),
  prediction_type: optional(oneOf('epsilon', 'v_prediction'), 'epsilon'),
  rho: optional(aboveZero, 7),
};

export const EDM = schema('EDM', EDM_FIELDS).demand({});

const edmFields = {
  ...fieldsOf('final_sigmas_type'),
  ...EDM_FIELDS,
  num_train_timesteps: positive, // the steps that a grid of another number replaces
};

const flowTimeFields = {
  ...flowFields,
  use_dynamic_shifting: t.boolean,
  base_shift: finite, // these five are used only with dynamic shifting
  max_shift: finite,
  base_image_seq_len: finite,
  max_image_seq_len: finite,
  time_shift_type: oneOf('exponential', 'linear'),
  invert_sigmas: only(false),
  shift_terminal: terminal,
  use_karras_sigmas: t.boolean,
  use_exponential_sigmas: t.boolean,
  use_beta_sigmas: t.boolean,
};

/** The fields that each scheduler has. */
export const CONTINUOUS_FIELDS = {
  FlowMatchEulerDiscreteScheduler: { ...flowTimeFields, stochastic_sampling: t.boolean },
  FlowMatchLCMScheduler: {
    ...flowTimeFields,
    scale_factors: only(null), // a flow of growing images
    upscale_mode: t.string, // used only with scale_factors
  },
  FlowMatchHeunDiscreteScheduler: flowFields,
  EDMEulerScheduler: edmFields,
  EDMDPMSolverMultistepScheduler: {
    ...edmFields,
    ...dpmSteps,
    algorithm_type: oneOf('dpmsolver++', 'sde-dpmsolver++', 'deis'),
    euler_at_final: t.boolean,
  },
  IPNDMScheduler: {
    num_train_timesteps: positive, // it is not used
    trained_betas: only(null),
  },
};

export type ContinuousName = keyof typeof CONTINUOUS_FIELDS;

/** The settings of flow matching, with the defaults of diffusers. */
interface FlowSettings extends Partial<Pick<SchedulerSettings, SpacingField>> {
  readonly shift: number;
  readonly shift_terminal: number;
  readonly use_dynamic_shifting: boolean;
  readonly stochastic_sampling: boolean;
}
const FLOW: FlowSettings = { shift: 1, shift_terminal: 0, use_dynamic_shifting: false, stochastic_sampling: false };

const refuse = (where: string, expected: string, actual: string, hint: string): either.Either<NoisefoldError, never> =>
  fail('ConfigError', { where, expected, actual, hint });

/** Maps the times of a grid. */
type Change = (times: readonly number[]) => readonly number[];

/** The changes of times that the settings of flow matching make. Its σ is the time t, and not σ/α. */
const changesOf = (settings: FlowSettings): { readonly shift: Change; readonly space: Change } => {
  const { shift, shift_terminal: end } = settings;
  const shifted = onHost(timeShift(shift));
  return {
    /** Shifts times, and stretches them to end at `shift_terminal`. */
    shift: (values) => {
      const times = values.map(shifted);
      return end === 0 ? times : stretchedTo(end)(times);
    },
    /** Spaces times anew between their ends. */
    space: (times) => {
      const range = { min: times.at(-1)!, max: times[0]! };
      return [...(spacingOf(settings)?.(times.length, range) ?? times)];
    },
  };
};

/**
 * A scheduler of flow matching by a solver. With `hasEarlier` it has versions without `time_shift_type`, which shift times after they
 * space them.
 */
const flowBy =
  (solverOf: (settings: FlowSettings) => Solver, { hasEarlier }: { readonly hasEarlier: boolean }) =>
  (fields: Partial<FlowSettings>, steps: number): either.Either<NoisefoldError, SchedulerProcess> => {
    const settings = { ...FLOW, ...fields };
    const { shift_terminal: end } = settings;
    const [by, other] = spacingFields(settings);
    if (settings.use_dynamic_shifting)
      return refuse('use_dynamic_shifting', 'false: no pipeline of a UNet2DModel gives diffusers a mu', 'true', 'write false and shift: 1, and shift the times of the grid once by e^μ, which fluxShift computes: docs/weights.md shows it'); // oxfmt-ignore
    if (other !== undefined) return refuse(other, `false with ${by}`, 'true', 'diffusers cannot sample with both');
    if (end > 0 && steps === 1)
      return refuse('shift_terminal', 'none for one step', `${end}`, 'take at least 2: the time of the first is 1');
    const { shift, space } = changesOf(settings);
    const even = [...ramp(1, onHost(timeShift(settings.shift))(1 / 1000), steps)]; // the last of 1000, shifted once
    const times = space(shift(even));
    const earlier = shift(space(even));
    const apart = Math.max(...times.map((time, i) => Math.abs(time - earlier[i]!)));
    return E.right({
      noising: rectifiedFlow(),
      predicts: 'velocity',
      sampling: { solver: solverOf(settings), grid: atTimes(times), correction: uncorrected },
      notes:
        hasEarlier && apart > 1e-12
          ? [
              `${by}: versions of diffusers without time_shift_type shift times after it, and noisefold as later ones before (t differs by up to ${apart.toPrecision(2)})`,
            ]
          : [],
    });
  };

/** The settings of the steps of schedulers of EDM. */
type EdmSteps = Omit<SchedulerSettings, keyof typeof EDM_FIELDS>;

/** A scheduler of EDM by a solver. With `sigma_min` it ends at the last σ of its grid, or at the least: one step has only the greatest. */
const edmBy =
  (solverOf: (settings: EdmSteps, steps: number) => Solver, endsAt: 'last' | 'least') =>
  (fields: Partial<typeof EDM & EdmSteps>, steps: number): either.Either<NoisefoldError, SchedulerProcess> => {
    const settings = { ...DEFAULTS, ...EDM, ...fields };
    const { sigma_min: min, sigma_max: max, sigma_data: sigmaData, sigma_schedule: kind, rho } = settings;
    const { prediction_type: predicts, final_sigmas_type: end } = settings;
    if (predicts === 'v_prediction')
      return refuse('prediction_type', '"epsilon"', `"${predicts}"`, 'its output is that of "epsilon" times -1: negate conv_out'); // oxfmt-ignore
    if (kind === 'exponential' && steps === 1)
      return refuse('sigma_schedule', '"karras" for one step', `"${kind}"`, 'take at least 2: one begins at sigma_min');
    const noising = edm();
    const grid = kind === 'karras' ? karrasGrid(steps, { min, max, rho }) : exponentialGrid(steps, { min, max });
    return F.pipe(
      firstRefusal([orderRefusal(settings)], settings),
      E.flatMap(() => grid(noising)),
      E.map((times) => {
        const own = solverOf(settings, steps);
        const last = noising.levelAt(endsAt === 'last' ? times.at(-1)! : min);
        const ending = withLevels(times, (level) => (isData(level) && end === 'sigma_min' ? last : level));
        return {
          noising,
          predicts: 'epsilon', // a raw network
          preconditioning: { as: 'edm', sigmaData },
          sampling: {
            solver: { ...ending(own), start: ({ sigma }) => Math.hypot(sigma, 1) }, // `init_noise_sigma`
            grid,
            correction: correctionOf(settings),
          },
          notes: end === 'sigma_min' && isHighAtEnd(settings, steps) ? [NO_LENGTH] : [],
        };
      }),
    );
  };

/** IPNDM has a path of its own: α = cos(πt/2), at times where σ is sin²(πs/2) for even s. Its network gets t. */
const ipndm = (_: object, steps: number): either.Either<NoisefoldError, SchedulerProcess> => {
  const times = Array.from({ length: steps }, (__, i) => {
    const root = Math.sin((Math.PI / 2) * (1 - i / steps));
    return (2 / Math.PI) * Math.asin(root * root);
  });
  return E.right({
    noising: trigonometric({ timeScale: 1 }),
    predicts: 'v',
    sampling: { solver: ipndmSteps(), grid: atTimes(times), correction: uncorrected },
    notes: [],
  });
};

/** The reader of each scheduler, from decoded settings. */
export const CONTINUOUS: Readonly<
  Record<ContinuousName, (settings: object, steps: number) => either.Either<NoisefoldError, SchedulerProcess>>
> = {
  FlowMatchEulerDiscreteScheduler: flowBy((settings) => (settings.stochastic_sampling ? consistency() : euler()), {
    hasEarlier: true,
  }),
  FlowMatchLCMScheduler: flowBy(() => consistency(), { hasEarlier: false }),
  FlowMatchHeunDiscreteScheduler: flowBy(() => flowHeun(), { hasEarlier: true }),
  EDMEulerScheduler: edmBy(() => euler(), 'last'),
  EDMDPMSolverMultistepScheduler: edmBy(dpmMultistepSteps, 'least'),
  IPNDMScheduler: ipndm,
};
