import { requiredAfter } from '../../conditions/dropout.js';
import { type Columns, columnsOf } from '../../data/columns.js';
import {
  clipToImage,
  type Denoiser,
  gaussian,
  type Guidance,
  inpainting,
  type Noising,
  partOfTheWay,
  pathOf,
  type SampleState,
  type Solver,
  unguided,
} from '../../diffusion/index.js';
import { samplerOf } from '../../diffusion/sampling/sampler.js';
import { everyStep } from '../../diffusion/grids/grid.js';
import { limitTimesteps } from '../../diffusion/denoisers/networkTimesteps.js';
import type { NoisefoldError } from '../../dsl/index.js';
import { attempt, orRaise, raise } from '../../internal/errors.js';
import type { either } from '../../internal/fp.js';
import type { ImageShape } from '../../data/dataset.js';
import { guidedBy } from '../../diffusion/guidance/guidance.js';
import { type Beginning, checkBeginning, checkKnown } from './givenImages.js';
import { checkNoises, noisesAt, type Steps } from './givenNoise.js';
import { type CheckedRequest, type Drawing, walkOf } from './sampleLoop.js';
import { checkLevels } from './noiseLevels.js';
import { countsOf, type Sampling, valuesOf } from './sampling.js';
import type { Trained } from '../../checkpoints/trained.js';

/** A sampling whose guide matches the given parameters. */
type Guided<P, I extends ImageShape> = Omit<Sampling, 'guidance'> & { readonly guidance?: Guidance<P, I> };

/** A sampling whose parts are compatible. */
export interface SamplePlan<P, I extends ImageShape> extends Drawing<P, I, SampleState<['B', ...I]>> {
  readonly steps: Steps<P, I>;
}

/** The end of a sampling. */
type End = 'data' | 'noise';

/** Raises `ConfigError` unless a solver steps in the right direction: `sample` to the data, `encode` to the noise. */
const checkDirection = <P, I extends ImageShape>(
  where: string,
  end: End,
  { plan, timesteps }: Steps<P, I>['sampler'],
): void => {
  const [first, last] = [plan[0]!, plan.at(-1)!]; // a grid has at least one timestep
  const actual: End = first.from.sigma < last.to.sigma ? 'noise' : 'data';
  if (actual !== end)
    raise('ConfigError', {
      where: `${where}: solver`,
      expected: `a solver that steps to the ${end}`,
      actual: `a solver that steps to the ${actual}, over t = ${timesteps[0]} to ${timesteps.at(-1)}`,
      hint: end === 'data' ? 'use ddim here, and ddimInversion in encode' : 'use ddimInversion, or leave it out',
    });
};

/** Raises `ConfigError` for a solver that needs the ends of the flow, and a network that did not learn them. */
const checkEnds = (
  where: string,
  { estimatesEnd }: Pick<Trained<never, never>, 'estimatesEnd'>,
  solver: Solver,
): void => {
  if (solver.needsEnd && estimatesEnd === false)
    raise('ConfigError', {
      where: `${where}: solver`,
      expected: 'ddim() or another solver of denoisers, whose x̂₀ is the mean of the data',
      actual: 'consistency() or tcd(), which take x̂₀ for samples',
      hint: 'tune the model by consistencyLosses (docs/fewsteps.md), or leave out its field estimatesEnd to draw so anyway',
    });
};

/** The model with its guidance. Conditions that the training never dropped are required. */
const guidedModel = <P, I extends ImageShape>(
  where: string,
  { model, noising, conditionDropout }: Trained<P, I>,
  guidance: Guidance<P, I>,
): either.Either<NoisefoldError, Denoiser<P, I>> => {
  const { conditions } = model;
  const known = conditions &&
    conditionDropout !== undefined && { conditions: requiredAfter(conditions, conditionDropout) };
  return guidedBy<P, I>(where, guidance)(limitTimesteps(noising)({ ...model, ...known }));
};

/** Raises `ConfigError` for the noise level of an image that is not a timestep of the process. */
const checkNoiseLevels = (where: string, noising: Noising, columns: Columns): void => {
  for (const [name, { t }] of Object.entries(columns)) {
    const T = pathOf(noising).last + 1;
    if (t !== undefined && !(Number.isInteger(t) && t >= 0 && t < T))
      raise('ConfigError', {
        where: `${where}: conditions.${name}.t`,
        expected: `t from 0 to ${T - 1}, the timestep of the noise to add to the images`,
        actual: `${t}`,
        hint: '0 adds almost none',
      });
  }
};

/** Checks a request, and guides its model. Raises the errors of {@link planOf}. */
export const checkedRequest = <P, I extends ImageShape>(
  where: string,
  trained: Trained<P, I>,
  { allowOtherNoising, ...sampling }: Omit<Guided<P, I>, 'solver'>,
  beginning: Beginning | null,
): CheckedRequest<P, I> & { readonly guided: Denoiser<P, I> } => {
  if (!allowOtherNoising) checkLevels(where, trained);
  const { guidance = unguided, known } = sampling;
  const guided = orRaise(guidedModel<P, I>(where, trained, guidance));
  const columns = columnsOf({ where, names: trained.names }, guided.conditions ?? {}, valuesOf(where, sampling));
  checkNoiseLevels(where, trained.noising, columns);
  const { all, batch } = countsOf(where, columns, sampling, beginning?.images);
  if (beginning) checkBeginning(where, beginning, all, trained.image);
  if (known) checkKnown(known, all, trained.image);
  return { where, trained, beginning, sampling, columns, all, batch, guided };
};

/**
 * Plans a sampling. Returns a `ConfigError` for incompatible parts, and a `NonFinite` for images that are not finite.
 */
export const planOf =
  (where: string, end: End) =>
  <P, I extends ImageShape>(
    trained: Trained<P, I>,
    options: Guided<NoInfer<P>, NoInfer<I>>,
    beginning: Beginning | null,
  ): either.Either<NoisefoldError, SamplePlan<P, I>> =>
    attempt(() => {
      const { noising, image } = trained;
      const { solver, grid = everyStep, toData = true, correction = clipToImage, from, known } = options;
      checkEnds(where, trained, solver);
      const { guided, ...request } = checkedRequest<P, I>(where, trained, options, beginning);
      const visits = from !== undefined && 'strength' in from ? partOfTheWay(from.strength, grid) : grid;
      const parts = { noising, solver, toData, correction, grid: visits, noise: gaussian };
      const plain = orRaise(samplerOf<P, I>({ ...parts, guided }));
      checkDirection(where, end, plain);
      const { images: _, mask: __, ...resampling } = known ?? {};
      const inpainter = known ? orRaise(inpainting(resampling)(plain)) : null;
      const steps = { sampler: plain, inpainter };
      checkNoises(where, options, steps);
      return {
        ...request,
        steps,
        walk: walkOf(steps, image),
        noisesAt: (part, keys) => noisesAt(where, options, steps, image, part, keys),
      };
    });
