/** What a measurement of likelihoods compiles: where images begin, the step of the flow, and the density at its end. */
import { type Conditioner, drawnBy, type Likelihood, type LikelihoodState } from '../../diffusion/index.js';
import {
  add,
  type Key,
  leafSpec,
  mul,
  program,
  type Program,
  type Shape,
  sub,
  type Tensor,
  treeSpec,
  type TreeSpec,
  uniformLike,
} from '../../dsl/index.js';
import type { ImageShape } from '../data/dataset.js';
import type { Trained } from '../trained.js';

interface BeginSpec<I extends ImageShape> {
  readonly x0: Tensor<['B', ...I]>;
  readonly keys?: readonly Key[];
}

const keysFor = (batch: number) => Array.from({ length: batch }, () => leafSpec([], 'key'));

/** A byte is 2/255 wide: anywhere in it, instead of in its middle. */
const spreadOut = <S extends Shape>(x: Tensor<S>, chance: Tensor<S>): Tensor<S> =>
  add(x, mul(sub(chance, 0.5) as Tensor<S>, 2 / 255));

/** The state of B images, spread over the width of their bytes where that is asked for. */
export const beginLikelihood = <P, I extends ImageShape>(
  { image }: Trained<P, I>,
  { start }: Likelihood<P, I>,
  batch: number,
  dequantize: boolean,
): Program<BeginSpec<I>, LikelihoodState<'B', I>> => {
  const spec: TreeSpec<BeginSpec<I>> = treeSpec({
    x0: leafSpec(['B', ...image]),
    ...(dequantize && { keys: keysFor(batch) }),
  });
  return program(spec, ({ x0, keys }) =>
    start<'B'>(keys === undefined ? x0 : spreadOut(x0, drawnBy(keys, uniformLike)(x0))),
  );
};

interface StepSpec<P, I extends ImageShape> {
  readonly params: P;
  readonly state: LikelihoodState<'B', I>;
  readonly index: Tensor<[], 'int32'>;
  readonly keys: readonly Key[];
  readonly label?: Tensor<['B'], 'int32'>;
  /** The images themselves, of which the condition is made. */
  readonly given?: { readonly x0: Tensor<['B', ...I]>; readonly key: Key };
}

/** The spec of a state of B images. */
const stateSpec = <I extends ImageShape>(image: readonly number[]): TreeSpec<LikelihoodState<'B', I>> =>
  treeSpec({ x: leafSpec(['B', ...image]), stretch: leafSpec(['B']) });

/** One step of B images: one graph for all of them. */
export const likelihoodStep = <P, I extends ImageShape>(
  { model, image }: Trained<P, I>,
  { step }: Likelihood<P, I>,
  batch: number,
  condition: Conditioner<I> | undefined,
): Program<StepSpec<P, I>, { readonly state: LikelihoodState<'B', I> }> => {
  const spec: TreeSpec<StepSpec<P, I>> = treeSpec({
    params: model.params,
    state: stateSpec<I>(image),
    index: leafSpec([], 'int32'),
    keys: keysFor(batch),
    ...(model.classes === undefined ? {} : { label: leafSpec(['B'], 'int32') }),
    ...(condition && { given: { x0: leafSpec(['B', ...image]), key: leafSpec([], 'key') } }),
  });
  return program(spec, ({ params, state, index, keys, label, given }) => ({
    state: step<'B'>(params, state, {
      index,
      key: keys,
      ...(label && { label }),
      ...(condition && given && { condition: condition(given.x0, given.key) }),
    }),
  }));
};

/** log p of B images at the end of the flow. */
export const endLikelihood = <P, I extends ImageShape>(
  { image }: Trained<P, I>,
  { finish }: Likelihood<P, I>,
): Program<LikelihoodState<'B', I>, Tensor<['B']>> => program(stateSpec<I>(image), (state) => finish(state));
