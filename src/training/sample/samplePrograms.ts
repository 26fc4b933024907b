/** What a sampling compiles: where a batch of samples begins, and the step that all of them take. */
import {
  type Inpainter,
  type Known,
  type Sampler,
  type SampleState,
  startFrom,
  type StepInputs,
} from '../../diffusion/index.js';
import {
  type Key,
  leafSpec,
  normal,
  program,
  type Program,
  type Shape,
  type Tensor,
  treeSpec,
  type TreeSpec,
} from '../../dsl/index.js';
import { conditionSpec } from './conditions.js';
import type { ImageShape } from '../data/dataset.js';
import type { Beginning } from './givenImages.js';
import type { Trained } from '../trained.js';
import type { Sampling } from './sampling.js';

/** What walks from noise to data: a sampler, or what it is of an image of which a part is known. */
export interface Walker<P, I extends ImageShape> {
  readonly sampler: Sampler<P, I>;
  readonly inpainter: Inpainter<P, I> | null;
}

/** How many steps a walk has, and whether each of them draws. */
export const walkOf = <P, I extends ImageShape>({ sampler, inpainter }: Walker<P, I>) => ({
  steps: inpainter?.steps ?? sampler.steps,
  stochastic: inpainter !== null || sampler.stochastic,
});

interface BeginSpec<I extends ImageShape> {
  readonly key?: Key;
  readonly images?: Tensor<['B', ...I]>;
}

/** Whether a beginning takes noise that is drawn. */
export const drawsAt = (beginning: Beginning | null): boolean => beginning === null || beginning.noisy;

/** The state of B samples to begin with: noise, images with noise, or what is given as it is. */
export const beginProgram = <P, I extends ImageShape>(
  { image }: Trained<P, I>,
  { sampler }: Walker<P, I>,
  beginning: Beginning | null,
  batch: number,
): Program<BeginSpec<I>, SampleState<['B', ...I]>> => {
  const spec: TreeSpec<BeginSpec<I>> = treeSpec({
    ...(drawsAt(beginning) ? { key: leafSpec([], 'key') } : {}),
    ...(beginning && { images: leafSpec([batch, ...image]) }),
  });
  return program(spec, ({ key, images }) => {
    if (key === undefined) return sampler.start<'B'>(images!);
    // the shape of the model's samples, with the batch for 'B'
    const noise = normal(key, batch, ...(image as readonly number[])) as Tensor<Shape> as Tensor<['B', ...I]>;
    return images === undefined ? sampler.start<'B'>(noise) : startFrom(sampler)<'B'>(images, noise);
  });
};

interface StepSpec<P, I extends ImageShape> {
  readonly params: P;
  readonly state: SampleState<['B', ...I]>;
  readonly inputs: StepInputs<'B'> & { readonly known?: Known<'B', I> };
}

/** What a step gives: x̂₀ where there are previews. */
interface StepResult<I extends ImageShape> {
  readonly state: SampleState<['B', ...I]>;
  readonly x0?: Tensor<['B', ...I]>;
}

/** One step of B samples: one graph for all of them. */
export const stepProgram = <P, I extends ImageShape>(
  { model, image }: Trained<P, I>,
  walker: Walker<P, I>,
  { labels, condition, previews }: Pick<Sampling, 'labels' | 'condition' | 'previews'>,
): Program<StepSpec<P, I>, StepResult<I>> => {
  const { sampler, inpainter } = walker;
  const x = leafSpec(['B', ...image]);
  const spec: TreeSpec<StepSpec<P, I>> = treeSpec({
    params: model.params,
    state: { x, memory: Array.from({ length: sampler.memory }, () => x) },
    inputs: {
      index: leafSpec([], 'int32'),
      ...(walkOf(walker).stochastic ? { key: leafSpec([], 'key') } : {}),
      ...(labels ? { label: leafSpec(['B'], 'int32') } : {}),
      ...(condition ? { condition: conditionSpec(condition) } : {}),
      ...(inpainter ? { known: { image: x, mask: x } } : {}),
    },
  });
  return program(spec, ({ params, state, inputs: { known, ...inputs } }) => {
    const { state: next, x0 } =
      inpainter === null || known === undefined
        ? sampler.step(params, state, inputs)
        : inpainter.step(params, state, { ...inputs, known });
    return { state: next, ...(previews && { x0 }) };
  });
};
