/** Images that samples start from, and images that they keep a part of: checked, and batch by batch. */
import { checkedImages, type Resampling } from '../../diffusion/index.js';
import { fail, type NoisefoldError, showShape } from '../../dsl/index.js';
import { E, type either, F } from '../../internal/fp.js';
import type { Images } from '../data/images.js';

/** Images that samples start from, with added noise: SDEdit (Meng et al. 2022). */
export interface GivenBeginning {
  /** An image for each sample, or one for all, of the model's shape. */
  readonly images: Images;
  /** The part of the way back to noise, above 0 and at most 1; at 1 little of the images is left. See `partOfTheWay`. */
  readonly strength: number;
}

/** The noise that samples start from, such as the result of `encode`, or a mixture of two of them. */
export interface GivenNoise {
  /** x_T of each sample, or one for all, of the model's shape. Any finite numbers; drawn noise has variance 1. */
  readonly noise: Images;
}

/** The part of images that samples keep; the model paints the rest. See `inpainting`. */
export interface GivenKnown {
  /** An image for each sample, or one for all, of the model's shape. Its numbers outside of the mask do not matter. */
  readonly images: Images;
  /** 1 at known pixels and 0 at painted ones; for each sample or one for all, for each channel or one for all. */
  readonly mask: Images;
  /** How often each group of `jump` steps is repeated; both are 1 by default (RePaint, Lugmayr et al. 2022). */
  readonly resamples?: number;
  readonly jump?: number;
}

/** The resampling of known images, with its defaults. */
export const resamplingOf = ({ resamples = 1, jump = 1 }: GivenKnown): Required<Resampling> => ({
  resamples,
  jump,
});

type Extents = readonly [height: number, width: number, channels: number];

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, extent) => size * extent, 1);

/** Returns a `ConfigError` unless images have this size, with one for each of `count` samples or one for all. */
const checkedShape = (
  where: string,
  { data, shape }: Images,
  count: number,
  channels: readonly number[],
  [height, width]: Extents,
): either.Either<NoisefoldError, void> => {
  const isRight =
    (shape[0] === count || shape[0] === 1) &&
    shape[1] === height &&
    shape[2] === width &&
    channels.includes(shape[3]) &&
    data.length === sizeOf(shape);
  return isRight
    ? E.right(undefined)
    : fail('ConfigError', {
        where,
        expected: `all numbers of [${count === 1 ? '1' : `${count} or 1`}, ${height}, ${width}, ${[...new Set(channels)].join(' or ')}]`,
        actual: `${data.length} of ${showShape(shape)}`,
        hint: 'give one image for each sample, or one for all, of the size of the images of the model',
      });
};

/** The images that sampling starts from, as they are (`noisy: false`) or with added noise. */
export interface Beginning {
  /** The name of the field with the images, for errors. */
  readonly field: string;
  readonly images: Images;
  readonly noisy: boolean;
}

/** The start of a sampling; null for drawn noise. */
export const beginningOf = (from: GivenBeginning | GivenNoise | undefined): Beginning | null =>
  from === undefined
    ? null
    : 'noise' in from
      ? { field: 'from.noise', images: from.noise, noisy: false }
      : { field: 'from.images', images: from.images, noisy: true };

/** Returns `NonFinite` unless all numbers are finite. */
const finiteNumbers = (data: Float32Array, where: string): either.Either<NoisefoldError, Float32Array> => {
  const wrong = data.findIndex((x) => !Number.isFinite(x));
  return wrong === -1
    ? E.right(data)
    : fail('NonFinite', {
        where,
        expected: 'finite numbers',
        actual: `${data[wrong]} at number ${wrong}`,
        hint: 'give the noise that `encode` returned, or that was drawn',
      });
};

/** Checks the start of `count` samples: a wrong shape is a `ConfigError`, a number that is not finite `NonFinite`. */
export const checkedBeginning = (
  where: string,
  { field, images, noisy }: Beginning,
  count: number,
  image: Extents,
): either.Either<NoisefoldError, void> =>
  F.pipe(
    checkedShape(`${where}: ${field}`, images, count, [image[2]], image),
    E.tap(() => (noisy ? checkedImages : finiteNumbers)(images.data, `${where}: ${field}`)),
  );

/** Checks known images for `count` samples: a wrong shape or mask is a `ConfigError`, a number that is not finite `NonFinite`. */
export const checkedKnown = (
  { images, mask }: GivenKnown,
  count: number,
  image: Extents,
): either.Either<NoisefoldError, void> =>
  F.pipe(
    checkedShape('sample: known.images', images, count, [image[2]], image),
    E.tap(() => checkedImages(images.data, 'sample: known.images')),
    E.tap(() => checkedShape('sample: known.mask', mask, count, [1, image[2]], image)),
    E.flatMap(() => {
      const wrong = mask.data.find((share) => !(share >= 0 && share <= 1));
      return wrong === undefined
        ? E.right(undefined)
        : fail('ConfigError', {
            where: 'sample: known.mask',
            expected: 'numbers in [0, 1]',
            actual: `${wrong}`,
            hint: '1 keeps a number of the image, 0 paints it',
          });
    }),
  );

/**
 * The images of `batch` samples from number `first` on, with `wanted` channels. Fills the last batch with copies of its first
 * image.
 */
export const batchOf = (
  { data, shape: [count, height, width, channels] }: Images,
  first: number,
  batch: number,
  wanted: number = channels,
): Float32Array => {
  const pixels = height * width;
  const numbers = new Float32Array(batch * pixels * wanted);
  for (let i = 0; i < batch; i++) {
    const image = count === 1 ? 0 : first + i < count ? first + i : first;
    for (let p = 0; p < pixels * wanted; p++) {
      const at = channels === wanted ? p : Math.floor(p / wanted);
      numbers[i * pixels * wanted + p] = data[image * pixels * channels + at]!;
    }
  }
  return numbers;
};
