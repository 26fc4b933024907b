import {
  type Dim,
  type Extent,
  groupNorm,
  type ScaleAndShift,
  type Tensor,
  type Wide,
} from '../dsl/index.js';
import { allOnes, allZeros } from './initializers.js';
import { collect, type TrainableLayer, parameter, type Trainable } from './layer.js';
import { namedFields } from '../dsl/options.js';

/** A normalization of images, `[B, H, W, C]` → `[B, H, W, C]`. */
export type GroupNormLayer<C extends Dim> = TrainableLayer<
  ScaleAndShift<C>,
  <B extends Dim, H extends Dim, W extends Dim>(x: Tensor<[B, H, W, NoInfer<C>]>) => Tensor<[B, H, W, C]>
>;

const fields = namedFields('groupNormLayer', {
  channels: 'a number of channels',
  groups: 'a number of groups',
});

/**
 * Group normalization with a scale that begins at one and a shift that begins at zero. Raises `ShapeError`
 * unless `groups` divides the channels. Wu & He 2018.
 *
 * @example
 * const layer = groupNormLayer({ channels: 2, groups: 1 })
 * pipe(constantOf([1, 3], 1, 1, 1, 2), layer.apply({ gamma: ones(2), beta: zeros(2) })) // → [[[[-1, 1]]]]
 */
export const groupNormLayer = <const C extends number>(config: {
  readonly channels: Extent<C>;
  readonly groups: number;
}): GroupNormLayer<Wide<C> & Dim> => {
  const { channels, groups } = fields(config);
  return {
    // the same shapes, which the compiler does not compare while C is open
    ...(collect({ gamma: parameter(allOnes, channels), beta: parameter(allZeros, channels) }) as Trainable<
      ScaleAndShift<Wide<C> & Dim>
    >),
    apply: (params) => groupNorm(params, { groups }),
  };
};
