import {
  ascribeLike,
  broadcastLike,
  concatAll,
  type Dim,
  dims,
  type DType,
  onesLike,
  scaleBy,
  type Shape,
  split,
  sumPerSample,
  type Tensor,
} from '../../dsl/index.js';

/** Joins copies of a batch, one after the other: `[B, ...I]` to `[count·B, ...I]`. */
export const repeatBatch =
  (count: number) =>
  <B extends Dim, I extends Shape, D extends DType>(batch: Tensor<[B, ...I], D>): Tensor<[Dim, ...I], D> =>
    // all have this shape; the compiler cannot compute it for a generic I
    concatAll(Array.from({ length: count }, () => batch) as unknown as [Tensor<[2], D>], 0) as unknown as Tensor<
      [Dim, ...I],
      D
    >;

/** Splits joined batches, each of the shape of `like`. */
export const splitBatches =
  <S extends Shape>(count: number, like: Tensor<S, DType>) =>
  (joined: Tensor<Shape>): readonly Tensor<S>[] => {
    const sizes = Array.from({ length: count }, () => dims(like)[0] as number); // programs are traced with numbers
    return (split(joined, sizes, 0) as readonly Tensor<Shape>[]).map((batch) => ascribeLike(batch, like));
  };

/** A tensor of shape `[B]` for a batch `[B, ...I]`. Use only its shape, not its numbers. */
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
