/** A picture of samples beside the training images that are nearest to them. */
import type { NoisefoldError } from 'noisefold/dsl';
import { imageGrid, type Images, type Picture } from 'noisefold/training';
import type { either as E } from 'fp-ts';

/** The pixels around an image, and their brightness around a sample and around its neighbours. */
const MARGIN = 2;
const FRAME = 1;
const NONE = -1;

/** Writes an image with a margin into a table of such images. */
const place = (
  images: Images,
  from: number,
  to: { readonly data: Float32Array; readonly at: number },
  margin: number,
) => {
  const [, height, width, channels] = images.shape;
  const across = (width + 2 * MARGIN) * channels;
  const size = (height + 2 * MARGIN) * across;
  to.data.fill(margin, to.at * size, (to.at + 1) * size);
  for (let y = 0; y < height; y++) {
    const row = (from * height + y) * width * channels;
    to.data.set(
      images.data.subarray(row, row + width * channels),
      to.at * size + (y + MARGIN) * across + MARGIN * channels,
    );
  }
};

/** The samples of a picture, and their nearest training images. */
export interface Near {
  readonly samples: Images;
  /** The nearest training images, `k` for each sample, the nearest first. */
  readonly neighbours: Images;
  /** The number of samples in a row. */
  readonly columns: number;
}

/** Draws each sample in a white frame, and its nearest training images to the right of it. */
export const neighbourGrid = ({ samples, neighbours, columns }: Near): E.Either<NoisefoldError, Picture> => {
  const [count, height, width, channels] = samples.shape;
  const k = neighbours.shape[0] / count;
  const shape = [count * (1 + k), height + 2 * MARGIN, width + 2 * MARGIN, channels] as const;
  const data = new Float32Array(shape[0] * shape[1] * shape[2] * channels);
  for (let sample = 0; sample < count; sample++) {
    const at = sample * (1 + k);
    place(samples, sample, { data, at }, FRAME);
    for (let i = 0; i < k; i++) place(neighbours, sample * k + i, { data, at: at + 1 + i }, NONE);
  }
  return imageGrid({ data, shape }, columns * (1 + k));
};
