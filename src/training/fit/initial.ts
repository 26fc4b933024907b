/** The initial parameters of a training that the caller gives. */
import { isValue, type NoisefoldError, type Resident, type TreeSpec } from '../../dsl/index.js';
import { valueShape, valueStorage } from '../../dsl/run/value.js';
import { leaves } from '../../dsl/types/tree.js';
import { attempt, fail, failure, showType } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { matching } from '../../checkpoints/snapshot.js';

/** Parameters on a backend: their tree, or a record that holds it as `params`, such as a trained model. */
export type Initial<P> = Resident<P> | { readonly params: Resident<P> };

const where = 'training.initial';

/** The tree of parameters. If the tree of a model has a member `params`, accepts only the tree. */
const treeIn = <P>(initial: Initial<P>, { leaves: own }: TreeSpec<P>): Resident<P> => {
  const isMember = own.some(({ path }) => path === 'params' || path.startsWith('params.'));
  const { params } = Object(initial) as { readonly params?: Resident<P> };
  return isMember || params === undefined ? (initial as Resident<P>) : params;
};

const hinting = (error: NoisefoldError): NoisefoldError =>
  failure(error._tag, {
    ...error,
    where: error.where.startsWith(where) ? error.where : `${where}: ${error.where}`,
    hint: 'give parameters of this model on the backend, as loadWeights, loadTrained and fit return them',
  });

/** Requires parameters stored as float32. Returns a `ConfigError` for the first parameter stored in 16 bits. */
const asFloat32 = <P>(tree: Resident<P>): either.Either<NoisefoldError, Resident<P>> => {
  const other = leaves(tree, isValue).find(({ leaf }) => valueStorage(leaf) !== 'float32');
  if (other === undefined) return E.right(tree);
  const { path, leaf } = other;
  const type = showType({ dtype: 'float32', shape: valueShape(leaf) });
  return fail('ConfigError', {
    where: `${where}: ${path}`,
    expected: `${type} stored as float32`,
    actual: `a tensor stored as ${valueStorage(leaf)}`,
    hint: "convert the value: storeAs(value, 'float32')",
  });
};

/**
 * The initial parameters of a training. Returns a `CheckpointMismatch` at the first parameter that differs from those of
 * the model by its path or shape, and a `ConfigError` for anything that is not on a backend, is stored in 16 bits, or is
 * given beside a snapshot.
 */
export const initialParams = <P>(
  initial: Initial<P>,
  { from, model }: { readonly from?: unknown; readonly model: { readonly params: TreeSpec<P> } },
): either.Either<NoisefoldError, Resident<P>> => {
  if (from !== undefined)
    return fail('ConfigError', {
      where,
      expected: 'either `initial` or `from`',
      actual: 'both',
      hint: 'leave `initial` out to resume: the snapshot holds the parameters',
    });
  const tree = treeIn(initial, model.params);
  return F.pipe(
    attempt(() => leaves(tree, isValue)),
    E.map(
      (values) => new Map(values.map(({ path, leaf }) => [path, { dtype: 'F32', shape: valueShape(leaf) } as const])),
    ),
    E.flatMap((values) => matching(where, model.params, values)),
    E.mapLeft(hinting),
    E.flatMap(() => asFloat32(tree)),
  );
};
