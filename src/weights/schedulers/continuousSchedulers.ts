/** Schedulers of diffusers on continuous paths: flow matching, EDM, and IPNDM. */
import {
  atTimes,
  type Channel,
  edm,
  exponentialGrid,
  karrasGrid,
  rectifiedFlow,
  type Solver,
  trigonometric,
  uncorrected,
} from '../../diffusion/index.js';
import { isData } from '../../diffusion/channels/level.js';
import { stretchedTo, timeShift } from '../../diffusion/schedules/timeShift.js';
import { onHost } from '../../dsl/index.js';
import { E } from '../../internal/fp.js';
import { ramp } from '../../internal/numerics/ramp.js';
import { withLevels } from './schedulerPaths.js';
import { type SchedulerReader, type SchedulerSettings, spacingFields, spacingOf } from './schedulerSettings.js';
import { ipndmSteps } from './schedulerSolvers.js';
import { correctionOf } from './timestepSchedulers.js';

/** Reads a scheduler on a continuous path, whose default number of steps is that of the schedulers over σ. */
const onPath = (process: SchedulerReader['process']): SchedulerReader => ({
  steps: () => 50,
  mostSteps: () => Infinity,
  process,
});

/** Maps the times of a grid. */
type Change = (times: readonly number[]) => readonly number[];

/** The changes of times that the settings of flow matching make. Its σ is the time t, and not σ/α. */
const changesOf = (settings: SchedulerSettings): { readonly shift: Change; readonly space: Change } => {
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
export const flowMatching = (solverOf: (settings: SchedulerSettings) => Solver, hasEarlier: boolean): SchedulerReader =>
  onPath((settings, steps) => {
    const { shift, space } = changesOf(settings);
    const even = [...ramp(1, onHost(timeShift(settings.shift))(1 / 1000), steps)]; // the last of 1000, shifted once
    const times = space(shift(even));
    const earlier = shift(space(even));
    const apart = Math.max(...times.map((time, i) => Math.abs(time - earlier[i]!)));
    const note = `${spacingFields(settings)[0]}: versions of diffusers without time_shift_type shift times after it, and noisefold as later ones before (t differs by up to ${apart.toPrecision(2)})`;
    return E.right({
      noising: rectifiedFlow(),
      predicts: 'velocity',
      sampling: { solver: solverOf(settings), grid: atTimes(times), correction: uncorrected },
      notes: hasEarlier && apart > 1e-12 ? [note] : [],
    });
  });

/** A scheduler of EDM by a solver. With `sigma_min` it ends at the last σ of its grid, or at the least: one step has only the greatest. */
export const onEdm = (
  solverOf: (settings: SchedulerSettings, steps: number) => Solver,
  endsAt: 'last' | 'least',
): SchedulerReader =>
  onPath((settings, steps) => {
    const { sigma_data: sigmaData, sigma_schedule: kind, rho, final_sigmas_type: end } = settings;
    const [min, max] = [settings.sigma_min!, settings.sigma_max!]; // they have defaults
    const noising = edm();
    const grid = kind === 'karras' ? karrasGrid(steps, { min, max, rho }) : exponentialGrid(steps, { min, max });
    return E.map((times: readonly number[]) => {
      const last = noising.levelAt(endsAt === 'last' ? times.at(-1)! : min);
      const ending = withLevels(times, (level) => (isData(level) && end === 'sigma_min' ? last : level));
      return {
        noising,
        predicts: 'epsilon' as const, // a raw network
        preconditioning: { as: 'edm' as const, sigmaData },
        sampling: {
          solver: { ...ending(solverOf(settings, steps)), start: ({ sigma }: Channel) => Math.hypot(sigma, 1) }, // `init_noise_sigma`
          grid,
          correction: correctionOf(settings),
        },
        notes: [],
      };
    })(grid(noising));
  });

/** IPNDM has a path of its own: α = cos(πt/2), at times where σ is sin²(πs/2) for even s. Its network gets t. */
export const ipndm: SchedulerReader = onPath((_, steps) => {
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
});
