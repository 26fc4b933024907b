import {
  ascribeLike,
  broadcastLike,
  concatAll,
  type Dim,
  type DType,
  halve,
  onesLike,
  scaleBy,
  type Shape,
  sumPerSample,
  type Tensor,
} from '../../dsl/index.js';

/** Joins two batches, `[B, ...I]` and `[B, ...I]` to `[2·B, ...I]`. The type of the first extent is `Dim`. */
export const joinBatches = <B extends Dim, I extends Shape, D extends DType>(
  first: Tensor<[B, ...I], D>,
  second: Tensor<NoInfer<[B, ...I]>, NoInfer<D>>,
): Tensor<[Dim, ...I], D> =>
  // both have this shape, which the compiler does not compute for a generic I
  concatAll([first, second] as unknown as [Tensor<[2], D>], 0) as unknown as Tensor<[Dim, ...I], D>;

/** Splits the result of {@link joinBatches} into its two batches, each of the shape of `like`. */
export const splitBatches =
  <S extends Shape>(like: Tensor<S, DType>) =>
  (both: Tensor<Shape>): readonly [Tensor<S>, Tensor<S>] => {
    const [first, second] = halve(both, 0);
    return [ascribeLike(first, like), ascribeLike(second, like)];
  };

/** A tensor of shape `[B]` for a batch `[B, ...I]`. Only its shape is meant to be used. */
export const perSample: <B extends Dim, I extends Shape>(batch: Tensor<[B, ...I]>) => Tensor<[B]> = sumPerSample;

/** Repeats a number for each sample of a batch: `[]` to `[B]`, with the B of `batch: [B, ...]`. */
export const forEachSample = <B extends Dim, I extends Shape>(
  batch: Tensor<[B, ...I]>,
): (<D extends DType>(value: Tensor<[], D>) => Tensor<[B], D>) => broadcastLike(perSample(batch));

/** Repeats the number of each sample for each of its elements: `[B]` to `[B, ...I]`, the shape of `batch`. */
export const overElements =
  <B extends Dim, I extends Shape>(batch: Tensor<[B, ...I]>) =>
  (numbers: Tensor<[NoInfer<B>]>): Tensor<[B, ...I]> =>
    scaleBy(onesLike(batch), numbers) as Tensor<[B, ...I]>; // B is the batch's
