import { type Dim, type Extent, groupNorm, type ScaleAndShift, type Tensor } from '../../dsl/index.js';
import { allOnes, allZeros } from './initializers.js';
import { type Channels, type Layer, namedLayer, parameterOf } from './layer.js';
import { countFields, requireDivisor } from '../requirement.js';

/** A normalization of images, `[B, H, W, C]` → `[B, H, W, C]`. */
export type GroupNormLayer<C extends Dim> = Layer<
  ScaleAndShift<C>,
  <B extends Dim, H extends Dim, W extends Dim>(x: Tensor<[B, H, W, NoInfer<C>]>) => Tensor<[B, H, W, C]>
>;

const fields = countFields('groupNormLayer', { channels: 'a number of channels', groups: 'a number of groups' });

/**
 * Group normalization of `[B, H, W, channels]`. γ starts at one and β at zero. `groups` must divide the channels: raises
 * `ConfigError` otherwise. Wu & He 2018.
 * @example
 * const { apply } = groupNormLayer({ channels: 2, groups: 1 })
 * pipe(constantOf([1, 3], 1, 1, 1, 2), apply({ gamma: ones(2), beta: zeros(2) })) // → [[[[-1, 1]]]]
 */
export const groupNormLayer = <const C extends number>(config: {
  readonly channels: Extent<C>;
  readonly groups: number;
}): GroupNormLayer<Channels<C>> => {
  const { channels, groups } = fields(config);
  requireDivisor('groupNormLayer.groups', 'groups', groups, channels as number); // Extent<C> is C, or a message
  return namedLayer(
    'groupNormLayer',
    { gamma: parameterOf<[Channels<C>]>(allOnes, channels), beta: parameterOf<[Channels<C>]>(allZeros, channels) },
    (params) => groupNorm(params, { groups }),
  );
};
