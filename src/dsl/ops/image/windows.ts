/** The windows of convolutions and pools: their sizes, strides and padding. */
import type { Checked, Odd } from '../../types/checked.js';
import type { GivenPadding, Pair } from '../../types/convolved.js';
import { exactTuple, oneOf } from '../../../internal/decode.js';
import { refuseShape } from '../../../internal/errors.js';
import { t } from '../../../internal/fp.js';
import type { ConvAttributes, Node } from '../../graph/node.js';
import { dilated } from '../../primitives/index.js';
import type { Dim, Tensor } from '../../graph/tensor.js';

type Padding = ConvAttributes['padding'];

/** Two numbers, for the height and the width. */
/* @__NO_SIDE_EFFECTS__ */
export const pair = (name: string) => exactTuple([t.number, t.number], name);

const counts = pair('[before, after]');
/** A padding: by name, or the counts of both axes. */
export const paddingOption: t.Type<GivenPadding> = t.union(
  [oneOf('same', 'valid'), exactTuple([counts, counts], '[[top, bottom], [left, right]]')],
  "'same', 'valid' or [[top, bottom], [left, right]]",
);

/** The four counts of a padding. For `same` and a window of even extent, the extra pixel is at the end. */
export const paddingOf = (padding: GivenPadding, [height, width]: Pair, [dilateH, dilateW]: Pair = [1, 1]): Padding => {
  if (padding === 'valid') return [[0, 0], [0, 0]]; // oxfmt-ignore
  if (padding !== 'same') return padding;
  const around = (extent: number, dilation: number): Pair => {
    const all = dilated(extent, dilation) - 1;
    return [Math.floor(all / 2), Math.ceil(all / 2)];
  };
  return [around(height, dilateH), around(width, dilateW)];
};

/** An image of even height and width, or an error message. */
export type EvenImage<B extends Dim, H extends Dim, W extends Dim, C extends Dim> = Checked<
  Tensor<[B, H, W, C]>,
  H,
  Odd<H, 'height'> | Odd<W, 'width'>,
  W
>;

export const requireEvenSize = (op: string, { shape }: Node): void => {
  const hint = 'pad the image, or choose a size that is divisible by a power of 2';
  if (shape[1]! % 2 !== 0 || shape[2]! % 2 !== 0) refuseShape(op, 'an even height and width', shape, hint);
};
