/** Padding of images for convolutions and pooling. */
import type { ConvAttributes } from '../../graph/node.js';
import { dilated } from '../../primitives/index.js';

export type Padding = ConvAttributes['padding'];
export type Pair = readonly [number, number];
/**
 * `same` keeps the size at stride 1, `valid` does not pad; or the four counts, `[[top, bottom], [left,
 * right]]`.
 */
export type GivenPadding = 'same' | 'valid' | Padding;

/** The four counts of a padding. For `same` and a window of even extent, the extra pixel is at the end. */
export const paddingOf = (given: GivenPadding, [height, width]: Pair, [dilateH, dilateW]: Pair = [1, 1]): Padding => {
  if (given === 'valid') return [[0, 0], [0, 0]]; // prettier-ignore
  if (given !== 'same') return given;
  const around = (extent: number, dilation: number): Pair => {
    const all = dilated(extent, dilation) - 1;
    return [Math.floor(all / 2), Math.ceil(all / 2)];
  };
  return [around(height, dilateH), around(width, dilateW)];
};
