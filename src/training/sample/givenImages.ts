/** Images that samples start from, and known images for inpainting: checks, and batches. */
import type { ImageSize } from '../../data/dataset.js';
import { checkedImages } from '../../diffusion/index.js';
import { orRaise, raise, showShape } from '../../internal/errors.js';
import type { Itself } from '../../internal/itself.js';
import { sizeOf } from '../../internal/numbers.js';
import { checkNumbers, type Images } from '../../data/images.js';

/** Images that samples start from, with added noise: SDEdit (Meng et al. 2022). */
export interface GivenBeginning {
  /** An image for each sample, or one for all, of the model's shape. */
  readonly images: Itself<Images>;
  /** The fraction of the grid to run, above 0 and at most 1: 0.3 changes details, 1 keeps little of the images. See `partOfTheWay`. */
  readonly strength: number;
}

/** The noise that samples start from, such as the result of `encode`, or an interpolation of two results. */
export interface GivenNoise {
  /** x_T of each sample, or a single x_T for all, of the model's shape. Any finite numbers; drawn noise has variance 1. */
  readonly noise: Itself<Images>;
}

/** The part of images that samples keep; the model generates the rest. See `inpainting`. */
export interface GivenKnown {
  /** An image for each sample, or a single image for all, of the model's shape. Where the mask is 0, any numbers in [-1, 1]. */
  readonly images: Itself<Images>;
  /** 1 where the images are kept and 0 where the model draws; for each sample or one for all, for each channel or one for all. */
  readonly mask: Images;
  /** The number of times that each group of `jump` steps runs; 1 by default (RePaint, Lugmayr et al. 2022). */
  readonly resamples?: number;
  /** The number of steps in a group; 1 by default. */
  readonly jump?: number;
}

type Extents = ImageSize;

/** Raises `ConfigError` unless there is one image of the right size for each of `count` samples, or one for all. */
const checkShape = (
  where: string,
  { data, shape }: Images,
  count: number,
  channels: readonly number[],
  [height, width]: Extents,
): void => {
  const fits =
    [count, 1].includes(shape[0]) && shape[1] === height && shape[2] === width && channels.includes(shape[3]);
  if (fits && data.length === sizeOf(shape)) return;
  const counts = count === 1 ? '1' : `${count} or 1`;
  raise('ConfigError', {
    where,
    expected: `all numbers of [${counts}, ${height}, ${width}, ${[...new Set(channels)].join(' or ')}]`,
    actual: `${data.length} of ${showShape(shape)}`,
    hint: 'give one image for each sample, or one for all, of the size of the images of the model, channels last',
  });
};

/** The images that sampling starts from; `noisy` is true if sampling adds noise to them. */
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

/** Checks the start of `count` samples. Raises `ConfigError` for a wrong shape, `NonFinite` for numbers that are not finite. */
export const checkBeginning = (
  where: string,
  { field, images, noisy }: Beginning,
  count: number,
  image: Extents,
): void => {
  const place = `${where}: ${field}`;
  if (!noisy) return checkNoise(place, images, count, image);
  checkShape(place, images, count, [image[2]], image);
  orRaise(checkedImages(images.data, place));
};

/** Checks noise for `count` samples. Raises the errors of {@link checkBeginning}. */
export const checkNoise = (place: string, noise: Images, count: number, image: Extents): void => {
  checkShape(place, noise, count, [image[2]], image);
  checkNumbers(noise.data, {
    is: Number.isFinite,
    expected: 'finite numbers',
    hint: 'give the noise that `encode` returned, or that was drawn',
    each: noise.data.length,
    where: () => place,
  });
};

/**
 * Checks known images for `count` samples. Raises the errors of {@link checkBeginning}, and `ConfigError` for a wrong
 * mask.
 */
export const checkKnown = ({ images, mask }: GivenKnown, count: number, image: Extents): void => {
  checkShape('sample: known.images', images, count, [image[2]], image);
  orRaise(checkedImages(images.data, 'sample: known.images'));
  checkShape('sample: known.mask', mask, count, [1, image[2]], image);
  const wrong = mask.data.find((share) => !(share >= 0 && share <= 1));
  if (wrong !== undefined)
    raise('ConfigError', {
      where: 'sample: known.mask',
      expected: 'numbers in [0, 1]',
      actual: `${wrong}`,
      hint: '1 keeps an element of the image, 0 generates it',
    });
};

/**
 * The images of `batch` samples from number `first` on, with `depth` channels. Fills the last batch with copies of its
 * first image.
 */
export const batchOf = (
  { data, shape: [count, height, width, channels] }: Images,
  first: number,
  batch: number,
  depth: number = channels,
): Float32Array => {
  const pixels = height * width;
  const numbers = new Float32Array(batch * pixels * depth);
  for (let i = 0; i < batch; i++) {
    const image = count === 1 ? 0 : first + i < count ? first + i : first;
    for (let p = 0; p < pixels * depth; p++) {
      const at = channels === depth ? p : Math.floor(p / depth);
      numbers[i * pixels * depth + p] = data[image * pixels * channels + at]!;
    }
  }
  return numbers;
};
