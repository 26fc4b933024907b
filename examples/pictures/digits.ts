/** Digits of MNIST as data with a known best denoiser, and as pictures. */
import { gaussianMixture } from 'noisefold/diffusion';
import { function as F, taskEither as TE } from 'fp-ts';
import { mnist } from '../mnist/digits.js';

export type Image = [28, 28, 1];

/** The number of digits in the data. */
const COUNT = 100;

/** The variance of the noise on a pixel of a digit. */
export const VARIANCE = 0.01;

/** The first digits of MNIST, `[n, 28, 28, 1]`. */
export const firstDigits = (n: number) =>
  F.pipe(
    mnist,
    TE.flatMap(({ train }) => train.batch(Int32Array.from({ length: n }, (_, i) => i))),
    TE.map(({ images }) => images),
  );

/** A mixture of a hundred equally likely digits with a little noise. */
export const mixtureOfDigits = F.pipe(
  firstDigits(COUNT),
  TE.flatMapEither((images) =>
    gaussianMixture<Image>({
      shape: [28, 28, 1],
      weights: Array<number>(COUNT).fill(1 / COUNT),
      means: Array.from({ length: COUNT }, (_, i) => images.subarray(784 * i, 784 * (i + 1))),
      variances: Array<number>(COUNT).fill(VARIANCE),
    }),
  ),
);
