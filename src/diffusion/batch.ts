import { ascribeLike, type Dim, dims, type DType, halve, type Shape, type Tensor } from '../dsl/index.js';
import { broadcast, concat, expandDims } from '../dsl/primitives/index.js';
import { nodeOf, tensor } from '../dsl/tensor.js';

/** Two batches as one, `[B, ...I]` and `[B, ...I]` to `[2·B, ...I]`; its extent is wide. */
export const joinBatches = <B extends Dim, I extends Shape, D extends DType>(
  first: Tensor<[B, ...I], D>,
  second: Tensor<NoInfer<[B, ...I]>, NoInfer<D>>,
): Tensor<[Dim, ...I], D> => tensor(concat([nodeOf(first), nodeOf(second)], 0));

/** The two batches of {@link joinBatches}, each of the shape of `like`. */
export const partBatches =
  <S extends Shape>(like: Tensor<S, DType>) =>
  (both: Tensor<Shape>): readonly [Tensor<S>, Tensor<S>] => {
    const [first, second] = halve(0)(both);
    return [ascribeLike(like)(first), ascribeLike(like)(second)];
  };

/** One number for each sample of a batch: `[]` to `[B]`, with the B of `batch: [B, ...]`. */
export const forEachSample =
  <B extends Dim, I extends Shape>(batch: Tensor<[B, ...I]>) =>
  <D extends DType>(value: Tensor<[], D>): Tensor<[B], D> =>
    tensor(broadcast(expandDims(nodeOf(value), [0]), [dims(batch)[0]!]));
