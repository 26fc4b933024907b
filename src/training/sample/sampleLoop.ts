/** The loop that draws a batch of samples, from noise or a given start to data. */
import type { ConditionImage, ConditionValues } from '../../conditions/values.js';
import {
  drawnBy,
  type InpaintingNoise,
  type Known,
  noisyCondition,
  type NoiseName,
  type Noising,
  type SamplerStepInputs,
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
  type NoisefoldError,
  normalLike,
  program,
  type Program,
  type RandomKey,
  type Shape,
  type Tensor,
  treeSpec,
  type TreeSpec,
  zeros,
} from '../../dsl/index.js';
import { storedIn } from '../../dsl/run/storedIn.js';
import type { Columns } from '../../data/columns.js';
import { columnsSpec } from '../../data/columnSpecs.js';
import type { ImageShape } from '../../data/dataset.js';
import type { either } from '../../internal/fp.js';
import type { Loop } from '../loop.js';
import type { Trained } from '../../checkpoints/trained.js';
import type { Beginning } from './givenImages.js';
import { type BatchPart, namesOf, type StepNoises, type Steps } from './givenNoise.js';
import type { Sampling } from './sampling.js';

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
  readonly conditions: ConditionValues<'B'>;
  readonly known?: Known<'B', I>;
}

/** The inputs of one step. */
interface StepSpec<I extends ImageShape> {
  readonly index: Tensor<[], 'int32'>;
  readonly keys?: readonly Key[];
  readonly noise?: { readonly [K in NoiseName | InpaintingNoise]?: Tensor<['B', ...I]> };
}

/** The output of a step. */
export interface StepOutput<I extends ImageShape> {
  /** x̂₀, if previews are shown. */
  readonly x0?: Tensor<['B', ...I]>;
  /** Adaptive steps only: above 0 until all samples are at the end. */
  readonly left?: Tensor<[]>;
}

/** Samples, and with adaptive steps the evaluations of each. */
interface Samples<I extends ImageShape> {
  readonly x: Tensor<['B', ...I]>;
  readonly evaluations?: Tensor<['B']>;
}

/** The programs of a batch from noise to samples: `start`, at most `steps` times `step`, then `end`. */
export interface Walk<P, I extends ImageShape, S> {
  readonly steps: number;
  /** True if each step draws noise. */
  readonly stochastic: boolean;
  readonly state: TreeSpec<S>;
  /** The state at noise, or at images with this noise. */
  readonly start: (noise: Tensor<['B', ...I]>, images?: Tensor<['B', ...I]>) => S;
  readonly step: (
    params: P,
    state: S,
    inputs: SamplerStepInputs<'B', I> & Pick<SampleConstants<P, I>, 'known'> & Pick<StepSpec<I>, 'noise'>,
  ) => StepOutput<I> & { readonly state: S };
  readonly end: (state: S) => Samples<I>;
}

/** A batch of samples as a loop. */
export type SampleLoop<P, I extends ImageShape, S> = Loop<
  BeginSpec<I>,
  SampleConstants<P, I>,
  S,
  StepSpec<I>,
  StepOutput<I>,
  Samples<I>
>;

/** The walk of a sampler. */
export const walkOf = <P, I extends ImageShape>(
  { sampler, inpainter }: Steps<P, I>,
  image: Trained<P, I>['image'],
): Walk<P, I, SampleState<['B', ...I]>> => {
  const [begins, ends] = [sampler.plan[0]!.from, sampler.plan.at(-1)!.to];
  const scale = ends.sigma > begins.sigma ? noiseScale(ends) : 1; // an encoding ends at noise
  const x = leafSpec(['B', ...image]);
  return {
    steps: inpainter?.steps ?? sampler.steps,
    stochastic: inpainter !== null || sampler.stochastic,
    state: treeSpec({ x, memory: Array.from({ length: sampler.memory }, () => x) }),
    start: (noise, images) => (images ? startFrom(sampler)<'B'>(images, noise) : sampler.start<'B'>(noise)),
    step: (params, state, { known, ...inputs }) =>
      inpainter === null || known === undefined
        ? sampler.step(params, state, inputs)
        : inpainter.step(params, state, { ...inputs, known }),
    // an encoding ends with the noise that `from: { noise }` begins with
    end: ({ x }) => ({ x: scale === 1 ? x : mul(x, 1 / scale) }),
  };
};

/** A request for samples, of a model that can draw them. */
export interface CheckedRequest<P, I extends ImageShape> {
  /** The name of the function in errors. */
  readonly where: string;
  readonly trained: Trained<P, I>;
  /** The images to start from; null for random noise. */
  readonly beginning: Beginning | null;
  readonly sampling: Pick<
    Sampling,
    'known' | 'noise' | 'brownian' | 'key' | 'first' | 'onStep' | 'previews' | 'signal'
  >;
  /** The values of the samples, by the name of the condition. */
  readonly columns: Columns;
  /** The number of samples, and the number that is drawn at a time. */
  readonly all: number;
  readonly batch: number;
}

/** A request and the walk that draws it. */
export interface Drawing<P, I extends ImageShape, S> extends CheckedRequest<P, I> {
  readonly walk: Walk<P, I, S>;
  /** The noise of the host for each step of a batch. `keys` are the keys of Brownian paths. */
  readonly noisesAt: (
    part: BatchPart,
    keys: readonly RandomKey[],
  ) => (index: number) => either.Either<NoisefoldError, StepNoises>;
}

/** The spec of conditions, with the noise level of each image to which noise is added. */
const conditionsOf = (columns: Columns): TreeSpec<ConditionValues<'B'>> => {
  const tree = columnsSpec(columns).tree as Readonly<Record<string, object>>; // by name
  const levels = Object.entries(columns).filter(([, { t }]) => t !== undefined);
  return treeSpec({
    ...tree,
    ...Object.fromEntries(levels.map(([name]) => [name, { ...tree[name], t: leafSpec(['B'], 'int32') }])),
  }) as TreeSpec<ConditionValues<'B'>>;
};

/** The spec of a key for each of `batch` samples. */
const keysSpec = (batch: number) => Array.from({ length: batch }, () => leafSpec([], 'key'));

/** A sampling of `batch` samples as a loop, with one graph for all steps. */
export const sampleLoop = <P, I extends ImageShape, S>({
  trained: { model, image, params },
  walk,
  batch,
  beginning,
  sampling,
  columns,
}: Drawing<P, I, S>): SampleLoop<P, I, S> => {
  const { state } = walk;
  const { known, previews } = sampling;
  const noises = namesOf(sampling);
  const x = leafSpec(['B', ...image]);
  const begin: TreeSpec<BeginSpec<I>> = treeSpec({
    ...(drawsAt(beginning) ? { keys: keysSpec(batch) } : {}),
    ...(beginning && { images: leafSpec([batch, ...image]) }),
  });
  const step: TreeSpec<SampleConstants<P, I> & StepSpec<I> & { readonly state: S }> = treeSpec({
    params: model.params,
    state,
    index: leafSpec([], 'int32'),
    ...(walk.stochastic ? { keys: keysSpec(batch) } : {}),
    ...(noises.length > 0 ? { noise: Object.fromEntries(noises.map((name) => [name, x])) } : {}),
    conditions: conditionsOf(columns),
    ...(known ? { known: { image: x, mask: x } } : {}),
  });
  return {
    name: 'sampling',
    extents: { B: batch },
    storage: storedIn('params', params),
    begin: program(begin, ({ keys, images }) => {
      if (keys === undefined) return walk.start(images!); // no noise is drawn, so there are images
      const like: Tensor<Shape> = zeros(batch, ...(image as readonly number[]));
      return walk.start(drawnBy(keys, normalLike)(like as Tensor<['B', ...I]>), images); // the shape of the model's samples
    }),
    step: program(step, ({ params: of, state: at, keys, ...inputs }) => {
      const { x0, ...next } = walk.step(of, at, { ...inputs, ...(keys && { key: keys }) });
      return { ...next, ...(previews && { x0 }) };
    }),
    end: program(treeSpec<{ readonly state: S }>({ state }), ({ state: at }) => walk.end(at)),
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
): Program<Noised, ConditionImage<'B'>> =>
  program(treeSpec<Noised>({ image: leafSpec(['B', ...image]), keys: keysSpec(batch) }), ({ image: clean, keys }) => {
    const level = fullLike(cast(meanPerSample(clean), 'int32'), t); // [B]
    return noisyCondition(noising)({ image: clean }, level)(keys);
  });
