/** The loop that measures the variational bound of a batch of images, one term in each step. */
import { fromData } from '../../checkpoints/trained.js';
import type { ConditionValues } from '../../conditions/values.js';
import { conditionsSpec } from '../../data/columnSpecs.js';
import { withMade } from '../../diffusion/denoisers/conditioner.js';
import {
  boundAt,
  type BoundOptions,
  type Conditioners,
  type Level,
  priorTerm,
  withoutDropout,
} from '../../diffusion/index.js';
import {
  ascribe,
  type Dim,
  dims,
  keep,
  type Key,
  leafSpec,
  program,
  type Shape,
  stack,
  type Tensor,
  treeSpec,
  type TreeSpec,
  zeros,
} from '../../dsl/index.js';
import { storedIn } from '../../dsl/run/storedIn.js';
import type { ImageShape } from '../../data/dataset.js';
import type { Loop } from '../loop.js';
import { withSlice } from '../withSlice.js';
import type { Trained } from '../../checkpoints/trained.js';

/** Bits, error of x̂₀ and error of ε̂, for each t and each image. */
type MeasuredTable = Tensor<[3, Dim, 'B']>;

/** The measurements of a batch so far. */
interface BatchBound {
  /** L_T, `[B]`. */
  readonly prior: Tensor<['B']>;
  readonly table: MeasuredTable;
}

/** The inputs that all steps of a batch share. */
export interface BoundConstants<P, I extends ImageShape> {
  readonly params: P;
  readonly x0: Tensor<['B', ...I]>;
  readonly conditions: ConditionValues<'B'>;
}

interface StepSpec {
  readonly t: Tensor<[], 'int32'>;
  /** The noise of each image. */
  readonly keys: readonly Key[];
  readonly conditionKey: Key;
}

export type BoundLoop<P, I extends ImageShape> = Loop<
  Pick<BoundConstants<P, I>, 'x0'>,
  BoundConstants<P, I>,
  BatchBound,
  StepSpec,
  object,
  BatchBound
>;

/** The bound of a batch of images as a loop, with one graph for all levels. Each image has its own keys. */
export const boundLoop = <P, I extends ImageShape>(
  { model, noising, image, params }: Trained<P, I>,
  batch: number,
  made: Conditioners<I> | undefined,
  levels: readonly Level[],
  options: BoundOptions,
): BoundLoop<P, I> => {
  const T = levels.length;
  const images = leafSpec(['B', ...image]);
  const state: TreeSpec<BatchBound> = treeSpec({ prior: leafSpec(['B']), table: leafSpec([3, T, 'B']) });
  const inputs: TreeSpec<BoundConstants<P, I> & StepSpec & { readonly state: BatchBound }> = treeSpec({
    params: model.params,
    state,
    x0: images,
    t: leafSpec([], 'int32'),
    keys: Array.from({ length: batch }, () => leafSpec([], 'key')),
    conditions: conditionsSpec(fromData(model, made), image),
    conditionKey: leafSpec([], 'key'),
  });
  return {
    name: 'variational bound',
    extents: { B: batch },
    storage: storedIn('params', params),
    begin: program(treeSpec<Pick<BoundConstants<P, I>, 'x0'>>({ x0: images }), ({ x0 }) => {
      const prior = priorTerm(noising, levels.at(-1)!.t)(x0);
      const [B] = dims(prior);
      return { prior, table: ascribe(zeros(3, T, B), 3, keep, 'B') };
    }),
    step: program(inputs, ({ params, state: { prior, table }, x0, t, keys, conditions, conditionKey }) => {
      const at = boundAt(noising, withoutDropout(model), options);
      const { bits, x0Error, noiseError } = at(params, x0, {
        t,
        key: keys,
        conditions: withMade(made, x0, conditionKey, conditions),
      });
      return { state: { prior, table: withSlice(table, 1, t, stack([bits, x0Error, noiseError]) as Tensor<Shape>) } };
    }),
    end: program(treeSpec<{ readonly state: BatchBound }>({ state }), ({ state }) => state),
  };
};
