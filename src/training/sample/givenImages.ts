/** Images that samples begin at, or keep: checked, and batch by batch. */
import { checkedImages, type Resampling } from '../../diffusion/index.js';
import { fail, type NoisefoldError, showShape } from '../../dsl/index.js';
import { E, type either, F } from '../../internal/fp.js';
import type { Images } from '../data/images.js';

/** Where samples begin, in place of noise alone: SDEdit (Meng et al. 2022). */
export interface GivenBeginning {
  /** An image for each sample, or one for all, of the model's shape. */
  readonly images: Images;
  /** How much of them is made anew, from a little above 0 to 1: see `partOfTheWay`. */
  readonly strength: number;
}

/** The noise that samples begin at: what `encode` gave, or a mixture of such, for one. */
export interface GivenNoise {
  /** x_T of each sample, or one for all, of the model's shape; any finite numbers, of variance 1 where it was drawn. */
  readonly noise: Images;
}

/** What samples keep of images; the rest is painted: see `inpainting`. */
export interface GivenKnown {
  /** An image for each sample, or one for all, of the model's shape; what it shows elsewhere does not matter. */
  readonly images: Images;
  /** 1 where the image is known and 0 where it is painted: for each sample or one for all, for each channel or one for all. */
  readonly mask: Images;
  /** How often each stretch of `jump` steps is walked, and its steps: 1 and 1 if not given (RePaint, Lugmayr et al. 2022). */
  readonly resamples?: number;
  readonly jump?: number;
}

/** How often stretches are walked, as `inpainting` takes it. */
export const resamplingOf = ({ resamples = 1, jump = 1 }: GivenKnown): Required<Resampling> => ({
  resamples,
  jump,
});

type Extents = readonly [height: number, width: number, channels: number];

const sizeOf = (shape: readonly number[]): number => shape.reduce((size, extent) => size * extent, 1);

/** Whether images are of a size, one for each of `count` samples or one for all; otherwise a `ConfigError`. */
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
        hint: 'one for each sample, or one for all, of the size of the images that the model knows',
      });
};

/** Where a walk begins: at images as they are, or after noise is put on them. */
export interface Beginning {
  /** The field that has the images. */
  readonly field: string;
  readonly images: Images;
  readonly noisy: boolean;
}

/** Where a sampling begins, if not at noise that is drawn. */
export const beginningOf = (from: GivenBeginning | GivenNoise | undefined): Beginning | null =>
  from === undefined
    ? null
    : 'noise' in from
      ? { field: 'from.noise', images: from.noise, noisy: false }
      : { field: 'from.images', images: from.images, noisy: true };

/** Numbers that are finite, each of them; otherwise `NonFinite`. */
const finiteNumbers = (data: Float32Array, where: string): either.Either<NoisefoldError, Float32Array> => {
  const wrong = data.findIndex((x) => !Number.isFinite(x));
  return wrong === -1
    ? E.right(data)
    : fail('NonFinite', {
        where,
        expected: 'finite numbers',
        actual: `${data[wrong]} at number ${wrong}`,
        hint: 'give the noise as it was encoded or drawn',
      });
};

/** A beginning for `count` samples of a shape; otherwise a `ConfigError`, or `NonFinite` for images with such numbers. */
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

/** What is known of `count` samples of a shape; otherwise a `ConfigError`, or `NonFinite` for images with such numbers. */
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
 * The images of `batch` samples from number `first` on, with as many channels as are asked for. A last batch that is not
 * full is filled with its first image.
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
