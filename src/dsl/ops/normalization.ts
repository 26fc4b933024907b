/** Normalizations: centred, of unit variance, then scaled and shifted by parameters. */
import { normalizeComposite, normalizeOptions } from '../composites/index.js';
import { named, raise, showShape } from '../errors.js';
import { composite, reshape } from '../primitives/index.js';
import { type Dim, nodeOf, type Shape, type Tensor, tensor } from '../tensor.js';
import { addBias, scaleChannels } from './broadcast.js';
import { namedFields } from '../options.js';

/** The learned scale and shift of each channel. */
export interface ScaleAndShift<C extends Dim> {
  readonly gamma: Tensor<[C]>;
  readonly beta: Tensor<[NoInfer<C>]>;
}

const groupFields = namedFields('standardizeGroups', { groups: 'a number of groups' }, ['epsilon']);

/**
 * `(x − mean) / √(variance + ε)` over the pixels and channels of each group of channels: `[B, H, W, C]`, ε =
 * 1e-5 if not given. Raises `ShapeError` unless `groups` divides the channels. Wu & He 2018.
 *
 * @example
 * const h = constantOf([1, 3, 10, 30], 1, 1, 1, 4)
 * pipe(h, standardizeGroups({ groups: 2 }), reshape(4)) // → [-1, 1, -1, 1]
 */
export const standardizeGroups =
  (options: { readonly groups: number; readonly epsilon?: number }) =>
  <B extends Dim, H extends Dim, W extends Dim, C extends Dim>(
    x: Tensor<[B, H, W, C]>,
  ): Tensor<[B, H, W, C]> => {
    const { groups, epsilon = 1e-5 } = groupFields(options);
    const n = nodeOf(x);
    const [B, H, W, C] = n.shape as readonly [number, number, number, number]; // by its type
    if (!Number.isInteger(groups) || groups < 1 || C % groups !== 0)
      raise('ShapeError', {
        where: 'standardizeGroups',
        expected: `a number of groups that divides the ${C} channels of ${showShape(n.shape)}`,
        actual: `${groups}`,
        hint: 'choose the channels as a multiple of the groups',
      });
    const grouped = reshape(n, [B, H * W, groups, C / groups]);
    return tensor(
      reshape(composite(normalizeComposite, [grouped], normalizeOptions([1, 3], epsilon)), n.shape),
    );
  };

/**
 * Group normalization: {@link standardizeGroups}, then `γ·x + β` in each channel. Wu & He 2018.
 *
 * @example
 * const [h, norm] = [constantOf([1, 3, 10, 30], 1, 1, 1, 4), { gamma: fullOf(2, 4), beta: ones(4) }]
 * pipe(h, groupNorm(norm, { groups: 2 }), reshape(4)) // → [-1, 3, -1, 3]
 */
export const groupNorm =
  <C extends Dim>(
    { gamma, beta }: ScaleAndShift<C>,
    options: { readonly groups: number; readonly epsilon?: number },
  ) =>
  <B extends Dim, H extends Dim, W extends Dim>(x: Tensor<[B, H, W, NoInfer<C>]>): Tensor<[B, H, W, C]> =>
    named('groupNorm', () => addBias(beta)(scaleChannels(gamma)(standardizeGroups(options)(x))));

const layerFields = namedFields('layerNorm', {}, ['epsilon']);

/**
 * Layer normalization along the last axis, `[..., C]`: centred, of unit variance (ε = 1e-5 if not given),
 * then `γ·x + β`. Ba et al. 2016.
 *
 * @example
 * pipe(constantOf([1, 3], 2), layerNorm({ gamma: fullOf(2, 2), beta: ones(2) })) // → [-1, 3]
 */
export const layerNorm =
  <C extends Dim>({ gamma, beta }: ScaleAndShift<C>, options: { readonly epsilon?: number } = {}) =>
  <R extends Shape>(x: Tensor<[...R, NoInfer<C>]>): Tensor<[...R, C]> => {
    const { epsilon = 1e-5 } = layerFields(options);
    const n = nodeOf(x);
    const standard = composite(normalizeComposite, [n], normalizeOptions([n.shape.length - 1], epsilon));
    return named('layerNorm', () =>
      addBias(beta)(scaleChannels(gamma)(tensor<[...R, C], 'float32'>(standard))),
    );
  };
