import {
  type Denoiser,
  everyStep,
  type Guidance,
  inpainting,
  partOfTheWay,
  sampler,
  unguided,
} from '../../diffusion/index.js';
import { knowingOnly } from '../../diffusion/askedTimesteps.js';
import { fail, type NoisefoldError } from '../../dsl/index.js';
import { E, type either, F } from '../../internal/fp.js';
import { checkedCondition } from './conditions.js';
import type { ImageShape } from '../data/dataset.js';
import { heldCorrection, heldGrid, guidedBy } from './givenParts.js';
import { type Beginning, checkedBeginning, checkedKnown, resamplingOf } from './givenImages.js';
import type { Steps } from './sampleLoop.js';
import { countsOf, type Sampling } from './sampling.js';
import type { Trained } from '../trained.js';

/** A sampling whose guide is for the parameters at hand. */
type Guided<P, I extends ImageShape> = Omit<Sampling, 'guidance'> & { readonly guidance?: Guidance<P, I> };

/** A sampling whose parts were found to fit together. */
export interface SamplePlan<P, I extends ImageShape> {
  /** The name of the function in errors. */
  readonly where: string;
  readonly trained: Trained<P, I>;
  readonly steps: Steps<P, I>;
  /** The images to start from; null for noise that is drawn. */
  readonly beginning: Beginning | null;
  readonly sampling: Pick<Sampling, 'labels' | 'condition' | 'known' | 'key' | 'onStep' | 'previews' | 'signal'>;
  /** The number of samples, and how many are drawn at a time. */
  readonly all: number;
  readonly batch: number;
}

/** Where a walk ends. */
type End = 'data' | 'noise';

/** Whether a solver walks where it should: `sample` to the data, `encode` from there. */
const towards =
  (where: string, end: End) =>
  <P, I extends ImageShape>({ sampler: { legs, timesteps } }: Pick<Steps<P, I>, 'sampler'>) => {
    const [first, last] = [legs[0]!, legs.at(-1)!]; // a grid has a timestep
    const found: End = first.from.variance < last.to.variance ? 'noise' : 'data';
    return found === end
      ? E.right(undefined)
      : fail('ConfigError', {
          where: `${where}: solver`,
          expected: `one that walks to the ${end}`,
          actual: `one that walks to the ${found}, over t = ${timesteps[0]} to ${timesteps.at(-1)}`,
          hint: end === 'data' ? 'take ddim here, and ddimInversion to encode' : 'take ddimInversion, or leave it out',
        });
  };

/** The sampler of a sampling of `count` samples, and the images that it is given, found to fit. */
const stepsOf =
  (where: string, end: End) =>
  <P, I extends ImageShape>(
    { process, image }: Trained<P, I>,
    denoiser: Denoiser<P, I>,
    { grid = everyStep, from, known, solver, correction }: Omit<Sampling, 'guidance'>,
    count: number,
  ): either.Either<NoisefoldError, Steps<P, I>> => {
    const held = heldGrid(where, grid);
    return F.pipe(
      E.Do,
      E.tap(() => (known ? checkedKnown(known, count, image) : E.right(undefined))),
      E.bind('sampler', () =>
        sampler<P, I>({
          process,
          denoiser,
          solver,
          ...(correction && { correction: heldCorrection(where, correction) }),
          grid: from !== undefined && 'strength' in from ? partOfTheWay(from.strength, held) : held,
        }),
      ),
      E.tap(towards(where, end)),
      E.bind('inpainter', ({ sampler: plain }) => (known ? inpainting(resamplingOf(known))(plain) : E.right(null))),
    );
  };

/** The denoiser of a trained model, which says whether it has learned to do without labels, where that is known. */
const asTrained = <P, I extends ImageShape>({ model, labelDropout }: Trained<P, I>): Denoiser<P, I> =>
  model.classes === undefined || labelDropout === undefined ? model : { ...model, unconditional: labelDropout > 0 };

/** What a sampling asks of a model: `ConfigError`, or `NonFinite` of images, where it cannot work. */
export const planOf =
  (where: string, end: End) =>
  <P, I extends ImageShape>(
    trained: Trained<P, I>,
    sampling: Guided<NoInfer<P>, NoInfer<I>>,
    beginning: Beginning | null,
  ): either.Either<NoisefoldError, SamplePlan<P, I>> =>
    F.pipe(
      E.Do,
      E.bind('guided', () =>
        guidedBy<P, I>(where, sampling.guidance ?? unguided)(knowingOnly(trained.process)(asTrained(trained))),
      ),
      E.bind('counts', ({ guided }) => countsOf(where, guided, sampling, beginning?.images)),
      E.tap(({ counts: { all } }) => checkedCondition(where, trained, sampling.condition, all)),
      E.tap(({ counts: { all } }) =>
        beginning ? checkedBeginning(where, beginning, all, trained.image) : E.right(undefined),
      ),
      E.bind('steps', ({ guided, counts: { all } }) => stepsOf(where, end)(trained, guided, sampling, all)),
      E.map(({ counts, steps }) => ({ where, ...counts, trained, steps, beginning, sampling })),
    );
