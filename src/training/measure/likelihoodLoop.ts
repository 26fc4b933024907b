/** The loop that measures the likelihoods of a batch of images, along the flow from data to noise. */
import { fromData } from '../../checkpoints/trained.js';
import type { ConditionValues } from '../../conditions/values.js';
import { conditionsSpec } from '../../data/columnSpecs.js';
import { withMade } from '../../diffusion/denoisers/conditioner.js';
import { type Conditioners, drawnBy, type Likelihood, type LikelihoodState } from '../../diffusion/index.js';
import {
  add,
  type Key,
  leafSpec,
  mul,
  program,
  type Shape,
  sub,
  type Tensor,
  treeSpec,
  type TreeSpec,
  uniformLike,
} from '../../dsl/index.js';
import { storedIn } from '../../dsl/run/storedIn.js';
import type { ImageShape } from '../../data/dataset.js';
import type { Loop } from '../loop.js';
import type { Trained } from '../../checkpoints/trained.js';

export interface BeginSpec<I extends ImageShape> {
  readonly x0: Tensor<['B', ...I]>;
  readonly keys?: readonly Key[];
}

const keysFor = (batch: number) => Array.from({ length: batch }, () => leafSpec([], 'key'));

/** Dequantizes bytes: draws a uniform position in the bin of a byte, which is 2/255 wide, instead of its middle. */
const spreadOut = <S extends Shape>(x: Tensor<S>, chance: Tensor<S>): Tensor<S> =>
  add(x, mul(sub(chance, 0.5) as Tensor<S>, 2 / 255));

/** The inputs that all steps of a batch share. */
export interface LikelihoodConstants<P, I extends ImageShape> {
  readonly params: P;
  readonly conditions: ConditionValues<'B'>;
  /** The images, from which conditions are made. */
  readonly x0: Tensor<['B', ...I]>;
}

interface StepSpec {
  readonly index: Tensor<[], 'int32'>;
  /** The directions of the images. */
  readonly keys: readonly Key[];
  readonly conditionKey: Key;
}

export type LikelihoodLoop<P, I extends ImageShape> = Loop<
  BeginSpec<I>,
  LikelihoodConstants<P, I>,
  LikelihoodState<'B', I>,
  StepSpec,
  object,
  Tensor<['B']>
>;

interface LikelihoodParts<P, I extends ImageShape> {
  readonly flow: Likelihood<P, I>;
  readonly batch: number;
  /** True if images are dequantized. */
  readonly dequantize: boolean;
  readonly made: Conditioners<I> | undefined;
}

/** log p of a batch of images as a loop, with one graph for all steps of the flow. */
export const likelihoodLoop = <P, I extends ImageShape>(
  { model, image, params }: Trained<P, I>,
  { flow: { start, step, finish }, batch, dequantize, made }: LikelihoodParts<P, I>,
): LikelihoodLoop<P, I> => {
  const images = leafSpec(['B', ...image]);
  const begin: TreeSpec<BeginSpec<I>> = treeSpec({ x0: images, ...(dequantize && { keys: keysFor(batch) }) });
  const state: TreeSpec<LikelihoodState<'B', I>> = treeSpec({ x: images, stretch: leafSpec(['B']) });
  const inputs: TreeSpec<LikelihoodConstants<P, I> & StepSpec & { readonly state: LikelihoodState<'B', I> }> = treeSpec(
    {
      params: model.params,
      state,
      index: leafSpec([], 'int32'),
      keys: keysFor(batch),
      conditions: conditionsSpec(fromData(model, made), image),
      x0: images,
      conditionKey: leafSpec([], 'key'),
    },
  );
  return {
    name: 'log-likelihoods',
    extents: { B: batch },
    storage: storedIn('params', params),
    begin: program(begin, ({ x0, keys }) =>
      start<'B'>(keys === undefined ? x0 : spreadOut(x0, drawnBy(keys, uniformLike)(x0))),
    ),
    step: program(inputs, ({ params, state: at, index, keys, conditions, x0, conditionKey }) => ({
      state: step<'B'>(params, at, {
        index,
        key: keys,
        conditions: withMade(made, x0, conditionKey, conditions),
      }),
    })),
    end: program(treeSpec<{ readonly state: LikelihoodState<'B', I> }>({ state }), ({ state: at }) => finish(at)),
  };
};
