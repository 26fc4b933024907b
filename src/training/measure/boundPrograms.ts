/** What a measurement of the bound compiles: where a batch begins, and the step that measures one timestep of it. */
import { boundAt, type Conditioner, priorTerm, type ReverseOptions, withoutDropout } from '../../diffusion/index.js';
import {
  broadcastTo,
  dims,
  equal,
  iota,
  type Key,
  leafSpec,
  program,
  type Program,
  reshape,
  type Shape,
  stack,
  type Tensor,
  treeSpec,
  type TreeSpec,
  where,
  zeros,
} from '../../dsl/index.js';
import type { ImageShape } from '../data/dataset.js';
import type { Trained } from '../trained.js';

/** What is measured of a batch so far: bits, error of x̂₀ and error of ε̂, at each t, of each image. */
export type MeasuredTable = Tensor<[3, number, 'B']>;

interface Begun {
  /** L_T, `[B]`. */
  readonly prior: Tensor<['B']>;
  readonly measured: MeasuredTable;
}

/** L_T of B images, and an empty table. */
export const beginBound = <P, I extends ImageShape>({
  process,
  image,
}: Trained<P, I>): Program<{ readonly x0: Tensor<['B', ...I]> }, Begun> => {
  const spec: TreeSpec<{ readonly x0: Tensor<['B', ...I]> }> = treeSpec({ x0: leafSpec(['B', ...image]) });
  return program(spec, ({ x0 }) => {
    const prior = priorTerm(process)(x0);
    const [B] = dims(prior);
    const measured = zeros(3, process.schedule.T, B) as Tensor<Shape> as MeasuredTable;
    return { prior, measured };
  });
};

interface StepSpec<P, I extends ImageShape> {
  readonly params: P;
  readonly measured: MeasuredTable;
  readonly x0: Tensor<['B', ...I]>;
  readonly t: Tensor<[], 'int32'>;
  readonly keys: readonly Key[];
  readonly label?: Tensor<['B'], 'int32'>;
  readonly conditionKey?: Key;
}

/** The table with the row of one t filled in. */
const withRow = (
  table: MeasuredTable,
  t: Tensor<[], 'int32'>,
  row: readonly [Tensor<['B']>, Tensor<['B']>, Tensor<['B']>],
) => {
  const extents = dims(table);
  const [, T, B] = extents;
  const isHere = broadcastTo(reshape(equal(iota(T), t), 1, T, 1), ...extents);
  const rows = broadcastTo(reshape(stack(row) as Tensor<Shape>, 3, 1, B), ...extents);
  return where(isHere, rows, table as Tensor<Shape> as typeof rows) as Tensor<Shape> as MeasuredTable;
};

/** Measures one t of B images, of which each has a key: one graph for all t. */
export const boundStep = <P, I extends ImageShape>(
  { model, process, image }: Trained<P, I>,
  batch: number,
  condition: Conditioner<I> | undefined,
  options: ReverseOptions,
): Program<StepSpec<P, I>, { readonly measured: MeasuredTable }> => {
  const spec: TreeSpec<StepSpec<P, I>> = treeSpec({
    params: model.params,
    measured: leafSpec([3, process.schedule.T, 'B']),
    x0: leafSpec(['B', ...image]),
    t: leafSpec([], 'int32'),
    keys: Array.from({ length: batch }, () => leafSpec([], 'key')),
    ...(model.classes === undefined ? {} : { label: leafSpec(['B'], 'int32') }),
    ...(condition && { conditionKey: leafSpec([], 'key') }),
  });
  return program(spec, ({ params, measured, x0, t, keys, label, conditionKey }) => {
    const at = boundAt(process, withoutDropout(model), options);
    const { bits, x0Error, noiseError } = at(params, x0, {
      t,
      key: keys,
      ...(label && { label }),
      ...(condition && conditionKey && { condition: condition(x0, conditionKey) }),
    });
    return { measured: withRow(measured, t, [bits, x0Error, noiseError]) };
  });
};
