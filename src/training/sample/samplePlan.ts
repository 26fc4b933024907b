import {
  clipToImage,
  type Denoiser,
  gaussian,
  type Guidance,
  inpainting,
  partOfTheWay,
  type Solver,
  unguided,
} from '../../diffusion/index.js';
import { samplerOf } from '../../diffusion/sampling/sampler.js';
import { everyStep } from '../../diffusion/grids/grid.js';
import { limitTimesteps } from '../../diffusion/denoisers/networkTimesteps.js';
import type { NoisefoldError } from '../../dsl/index.js';
import { attempt, orRaise, raise } from '../../internal/errors.js';
import type { either } from '../../internal/fp.js';
import { checkCondition } from './conditions.js';
import type { ImageShape } from '../../data/dataset.js';
import { guidedBy } from '../../diffusion/guidance/guidance.js';
import { type Beginning, checkBeginning, checkKnown } from './givenImages.js';
import { checkNoises } from './givenNoise.js';
import type { Steps } from './sampleLoop.js';
import { labelNumbers } from './labels.js';
import { checkLevels } from './noiseLevels.js';
import { countsOf, type Numbered, type Sampling } from './sampling.js';
import type { Trained } from '../../checkpoints/trained.js';

/** A sampling whose guide matches the given parameters. */
type Guided<P, I extends ImageShape> = Omit<Sampling, 'guidance'> & { readonly guidance?: Guidance<P, I> };

/** A sampling whose parts were checked to be compatible. */
export interface SamplePlan<P, I extends ImageShape> {
  /** The name of the function in errors. */
  readonly where: string;
  readonly trained: Trained<P, I>;
  readonly steps: Steps<P, I>;
  /** The images to start from; null for random noise. */
  readonly beginning: Beginning | null;
  readonly sampling: Numbered<
    Pick<
      Sampling,
      'labels' | 'condition' | 'known' | 'noise' | 'brownian' | 'key' | 'first' | 'onStep' | 'previews' | 'signal'
    >
  >;
  /** The number of samples, and the number that is drawn at a time. */
  readonly all: number;
  readonly batch: number;
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
      expected: `one that steps to the ${end}`,
      actual: `one that steps to the ${actual}, over t = ${timesteps[0]} to ${timesteps.at(-1)}`,
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

/** The model with its guidance, which knows if it was trained without labels too. */
export const guidedModel = <P, I extends ImageShape>(
  where: string,
  { model, noising, labelDropout }: Trained<P, I>,
  guidance: Guidance<P, I>,
): either.Either<NoisefoldError, Denoiser<P, I>> => {
  const unconditional =
    model.classes === undefined || labelDropout === undefined ? {} : { unconditional: labelDropout > 0 };
  return guidedBy<P, I>(where, guidance)(limitTimesteps(noising)({ ...model, ...unconditional }));
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
      const { noising, image, classes } = trained;
      const { labels, allowOtherNoising, ...others } = options;
      if (!allowOtherNoising) checkLevels(where, trained);
      checkEnds(where, trained, others.solver);
      const { solver, grid = everyStep, toData = true, guidance = unguided, correction = clipToImage } = others;
      const { condition, from, known } = others;
      const denoiser = orRaise(guidedModel<P, I>(where, trained, guidance));
      const classified = { where, denoiser, names: classes };
      const sampling = labels === undefined ? others : { ...others, labels: labelNumbers(classified, labels) };
      const { all, batch } = countsOf(where, denoiser, sampling, beginning?.images);
      checkCondition(where, trained, condition, all);
      if (beginning) checkBeginning(where, beginning, all, image);
      if (known) checkKnown(known, all, image);

      const visits = from !== undefined && 'strength' in from ? partOfTheWay(from.strength, grid) : grid;
      const parts = { noising, solver, toData, correction, grid: visits, noise: gaussian };
      const plain = orRaise(samplerOf<P, I>({ ...parts, guided: denoiser }));
      checkDirection(where, end, plain);
      const { images: _, mask: __, ...resampling } = known ?? {};
      const inpainter = known ? orRaise(inpainting(resampling)(plain)) : null;
      const steps = { sampler: plain, inpainter };
      checkNoises(where, others, steps);
      return { where, all, batch, trained, steps, beginning, sampling };
    });
