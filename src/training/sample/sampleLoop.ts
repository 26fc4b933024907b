/** The loop that draws a batch of samples, from noise or a given start to data. */
import {
  type Condition,
  drawnBy,
  type Inpainter,
  type InpaintingNoise,
  type Known,
  noisyCondition,
  type NoiseName,
  type Noising,
  type Sampler,
  type SampleState,
  startFrom,
} from '../../diffusion/index.js';
import { noiseScale } from '../../diffusion/channels/channel.js';
import {
  cast,
  fullLike,
  type Key,
  leafSpec,
  meanPerSample,
  mul,
  normalLike,
  program,
  type Program,
  type Shape,
  type Tensor,
  treeSpec,
  type TreeSpec,
  zeros,
} from '../../dsl/index.js';
import { storedIn } from '../../dsl/run/storedIn.js';
import type { ImageShape } from '../../data/dataset.js';
import type { Loop } from '../loop.js';
import type { Trained } from '../../checkpoints/trained.js';
import type { GivenCondition } from './conditions.js';
import type { Beginning } from './givenImages.js';

/** A sampler, possibly with inpainting of known images. */
export interface Steps<P, I extends ImageShape> {
  readonly sampler: Sampler<P, I>;
  readonly inpainter: Inpainter<P, I> | null;
}

/** The number of steps, and whether each step draws noise. */
export const countOf = <P, I extends ImageShape>({ sampler, inpainter }: Steps<P, I>) => ({
  steps: inpainter?.steps ?? sampler.steps,
  stochastic: inpainter !== null || sampler.stochastic,
});

/** True if noise is drawn for the start. */
export const drawsAt = (beginning: Beginning | null): boolean => beginning === null || beginning.noisy;

interface BeginSpec<I extends ImageShape> {
  /** A key for each sample. */
  readonly keys?: readonly Key[];
  readonly images?: Tensor<['B', ...I]>;
}

/** The inputs that all steps of a batch share. */
export interface SampleConstants<P, I extends ImageShape> {
  readonly params: P;
  readonly label?: Tensor<['B'], 'int32'>;
  readonly condition?: Condition<'B'>;
  readonly known?: Known<'B', I>;
}

/** The inputs of one step. */
interface StepSpec<I extends ImageShape> {
  readonly index: Tensor<[], 'int32'>;
  readonly keys?: readonly Key[];
  readonly noise?: { readonly [K in NoiseName | InpaintingNoise]?: Tensor<['B', ...I]> };
}

/** The output of a step: x̂₀, if previews are shown. */
export interface Predicted<I extends ImageShape> {
  readonly x0?: Tensor<['B', ...I]>;
}

/** A batch of samples as a loop. */
export type SampleLoop<P, I extends ImageShape> = Loop<
  BeginSpec<I>,
  SampleConstants<P, I>,
  SampleState<['B', ...I]>,
  StepSpec<I>,
  Predicted<I>,
  Tensor<['B', ...I]>
>;

/** The parts that determine which programs a sampling needs. */
export interface SampleForm {
  readonly batch: number;
  readonly beginning: Beginning | null;
  readonly hasLabels: boolean;
  readonly condition: GivenCondition | undefined;
  readonly hasPreviews: boolean;
  readonly noises: readonly (NoiseName | InpaintingNoise)[];
}

/** The spec of a condition, in the form that the steps take. */
const conditionSpec = ({ images: { shape }, t }: GivenCondition): TreeSpec<Condition<'B'>> =>
  treeSpec({
    image: leafSpec(['B', ...shape.slice(1)]),
    ...(t === undefined ? {} : { t: leafSpec(['B'], 'int32') }),
  });

/** The spec of a key for each of `batch` samples. */
export const keysSpec = (batch: number) => Array.from({ length: batch }, () => leafSpec([], 'key'));

/** A sampling of `batch` samples as a loop, with one graph for all steps. */
export const sampleLoop = <P, I extends ImageShape>(
  { model, image, params }: Trained<P, I>,
  steps: Steps<P, I>,
  { batch, beginning, hasLabels, condition, hasPreviews, noises }: SampleForm,
): SampleLoop<P, I> => {
  const { sampler, inpainter } = steps;
  const [begins, ends] = [sampler.plan[0]!.from, sampler.plan.at(-1)!.to];
  const scale = ends.sigma > begins.sigma ? noiseScale(ends) : 1; // of an encoding
  const x = leafSpec(['B', ...image]);
  const state = { x, memory: Array.from({ length: sampler.memory }, () => x) };
  const begin: TreeSpec<BeginSpec<I>> = treeSpec({
    ...(drawsAt(beginning) ? { keys: keysSpec(batch) } : {}),
    ...(beginning && { images: leafSpec([batch, ...image]) }),
  });
  const step: TreeSpec<SampleConstants<P, I> & StepSpec<I> & { readonly state: SampleState<['B', ...I]> }> = treeSpec({
    params: model.params,
    state,
    index: leafSpec([], 'int32'),
    ...(countOf(steps).stochastic ? { keys: keysSpec(batch) } : {}),
    ...(noises.length > 0 ? { noise: Object.fromEntries(noises.map((name) => [name, x])) } : {}),
    ...(hasLabels ? { label: leafSpec(['B'], 'int32') } : {}),
    ...(condition ? { condition: conditionSpec(condition) } : {}),
    ...(inpainter ? { known: { image: x, mask: x } } : {}),
  });
  return {
    name: 'sampling',
    extents: { B: batch },
    storage: storedIn('params', params),
    begin: program(begin, ({ keys, images }) => {
      if (keys === undefined) return sampler.start<'B'>(images!); // no noise is drawn, so there are images
      const like: Tensor<Shape> = zeros(batch, ...(image as readonly number[]));
      const noise = drawnBy(keys, normalLike)(like as Tensor<['B', ...I]>); // the shape of the model's samples
      return images === undefined ? sampler.start<'B'>(noise) : startFrom(sampler)<'B'>(images, noise);
    }),
    step: program(step, ({ params, state: at, known, keys, ...conditioning }) => {
      const inputs = { ...conditioning, ...(keys && { key: keys }) };
      const { state: next, x0 } =
        inpainter === null || known === undefined
          ? sampler.step(params, at, inputs)
          : inpainter.step(params, at, { ...inputs, known });
      return { state: next, ...(hasPreviews && { x0 }) };
    }),
    end: program(treeSpec<{ readonly state: SampleState<['B', ...I]> }>({ state }), ({ state: { x } }) =>
      // an encoding ends with the noise that `from: { noise }` begins with
      scale === 1 ? x : mul(x, 1 / scale),
    ),
  };
};

interface Noised {
  readonly image: Tensor<['B', number, number, number]>;
  /** A key for each sample. */
  readonly keys: readonly Key[];
}

/** Adds the noise of timestep t to the images of a condition, once for all steps. */
export const noisyProgram = (
  noising: Noising,
  batch: number,
  image: readonly number[],
  t: number,
): Program<Noised, Condition<'B'>> =>
  program(treeSpec<Noised>({ image: leafSpec(['B', ...image]), keys: keysSpec(batch) }), ({ image: clean, keys }) => {
    const level = fullLike(cast(meanPerSample(clean), 'int32'), t); // a t for each sample
    return noisyCondition(noising)({ image: clean }, level)(keys);
  });
