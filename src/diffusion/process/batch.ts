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

/** Two batches as one, `[B, ...I]` and `[B, ...I]` to `[2·B, ...I]`; its extent is wide. */
export const joinBatches = <B extends Dim, I extends Shape, D extends DType>(
  first: Tensor<[B, ...I], D>,
  second: Tensor<NoInfer<[B, ...I]>, NoInfer<D>>,
): Tensor<[Dim, ...I], D> =>
  // the same shape, which the compiler does not compute while I is open
  concatAll([first, second] as unknown as [Tensor<[2], D>], 0) as unknown as Tensor<[Dim, ...I], D>;

/** The two batches of {@link joinBatches}, each of the shape of `like`. */
export const splitBatches =
  <S extends Shape>(like: Tensor<S, DType>) =>
  (both: Tensor<Shape>): readonly [Tensor<S>, Tensor<S>] => {
    const [first, second] = halve(both, 0);
    return [ascribeLike(first, like), ascribeLike(second, like)];
  };

/** A tensor with one number for each sample of a batch, `[B]`, of which only the shape counts. */
export const perSample: <B extends Dim, I extends Shape>(batch: Tensor<[B, ...I]>) => Tensor<[B]> = sumPerSample;

/** One number for each sample of a batch: `[]` to `[B]`, with the B of `batch: [B, ...]`. */
export const forEachSample = <B extends Dim, I extends Shape>(
  batch: Tensor<[B, ...I]>,
): (<D extends DType>(value: Tensor<[], D>) => Tensor<[B], D>) => broadcastLike(perSample(batch));

/** The number of each sample at each of its elements: `[B]` to `[B, ...I]`, with the shape of `batch`. */
export const overElements =
  <B extends Dim, I extends Shape>(batch: Tensor<[B, ...I]>) =>
  (numbers: Tensor<[NoInfer<B>]>): Tensor<[B, ...I]> =>
    scaleBy(onesLike(batch), numbers) as Tensor<[B, ...I]>; // B is that of the batch
