/** Normalizations to mean 0 and variance 1, followed by a learned scale and shift. */
import { normalizeComposite } from '../../composites/index.js';
import { dual, type OneError } from '../../../internal/dual.js';
import type { Exact } from '../../../internal/exact.js';
import { named } from '../../../internal/errors.js';
import type { Node } from '../../graph/node.js';
import { epsilon, numberOf } from '../../../internal/decode.js';
import { type Fields, type Filled, optional, schema } from '../../../internal/schema.js';
import { composite, mul, reduceKeeping, reshape, rsqrt, scale, shift } from '../../primitives/index.js';
import type { Checked, CheckedField, NotMultiple } from '../../types/checked.js';
import { type AnyTensor, type Dim, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import { addBias, scaleChannels } from './linear.js';
import { imagesInGroups, ofChannels, type RecordOr, spread, startsWithTensor } from '../operand.js';

/** The learned scale and shift of each channel. */
export interface ScaleAndShift<C extends Dim> {
  readonly gamma: Tensor<[C]>;
  readonly beta: Tensor<[NoInfer<C>]>;
}

export interface GroupNorm<G = number> {
  /** The number of groups, which divides the channels. */
  readonly groups: G;
  /** Added to the variance; default 1e-5. */
  readonly epsilon?: number;
}

/** The options for `C` channels, with an error message in place of a number of groups that does not divide them. */
type GroupNormFor<G extends number, C extends Dim, F> = Exact<F, keyof GroupNorm> &
  GroupNorm<CheckedField<G, C, NotMultiple<C, G, 'channels', ' groups'>>>;

type Channelled = Tensor<[...Shape, Dim]>;

const groupFields = { groups: numberOf('a number of groups'), epsilon: optional(epsilon, 1e-5) };
const standardizeOptions = schema('standardizeGroups', groupFields);

/** Makes both forms of a norm with parameters of each channel. Errors in its body have its name. */
/* @__NO_SIDE_EFFECTS__ */
const normOf = <F extends object, O extends Fields>(
  op: string,
  fields: O,
  names: readonly (keyof ScaleAndShift<Dim>)[],
  body: (x: Node, params: ScaleAndShift<Dim>, options: Filled<O>) => AnyTensor,
): F => {
  const options = schema(op, fields);
  return dual(op, [startsWithTensor, 3], (x: AnyTensor, params: ScaleAndShift<Dim>, settings: unknown) => {
    const known = options.demand(settings);
    return named(op, () => body(nodeOf(x), ofChannels(op, params, names, nodeOf(x)), known));
  });
};

/**
 * (x − mean) / √(variance + ε) over the pixels and channels of each group of channels: `[B, H, W, C]` → `[B, H, W, C]`.
 * Raises `ShapeError` unless `groups` divides C. Wu & He 2018.
 * @example
 * const h = constantOf([1, 3, 10, 30], 1, 1, 1, 4)
 * pipe(h, standardizeGroups({ groups: 2 }), reshape(4)) // → [-1, 1, -1, 1]
 */
export const standardizeGroups: {
  <const G extends number, F = unknown>(
    options: Exact<F, keyof GroupNorm> & GroupNorm<G>,
  ): <S extends readonly [Dim, Dim, Dim, Dim]>(
    x: Checked<Tensor<S>, S[3], NotMultiple<S[3], G, 'channels', ' groups'>>,
  ) => Tensor<S>;
  <S extends readonly [Dim, Dim, Dim, Dim], const G extends number, F = unknown>(
    x: Tensor<S>,
    options: GroupNormFor<G, S[3], F>,
  ): Tensor<S>;
} = dual('standardizeGroups', 2, (images: AnyTensor, options: GroupNorm) => {
  const { groups, epsilon } = standardizeOptions.demand(options);
  const x = nodeOf(images);
  const [B, H, W, C] = imagesInGroups('standardizeGroups', x, groups);
  const grouped = reshape(x, [B, H * W, groups, C / groups]);
  const y = composite(normalizeComposite, [grouped], { axes: [1, 3], epsilon }); // (x - μ)/√(σ² + ε)
  return tensor(reshape(y, [B, H, W, C]));
});

/**
 * {@link standardizeGroups}, then γ·x + β in each channel. Raises `ShapeError` unless `groups` divides C. Wu & He 2018.
 * @example
 * const [h, norm] = [constantOf([1, 3, 10, 30], 1, 1, 1, 4), { gamma: fullOf(2, 4), beta: ones(4) }]
 * pipe(h, groupNorm(norm, { groups: 2 }), reshape(4)) // → [-1, 3, -1, 3]
 */
export const groupNorm: {
  <C extends Dim, const G extends number, F = unknown>(
    params: ScaleAndShift<C>,
    options: GroupNormFor<G, C, F>,
  ): <B extends Dim, H extends Dim, W extends Dim>(x: Tensor<[B, H, W, NoInfer<C>]>) => Tensor<[B, H, W, C]>;
  <B extends Dim, H extends Dim, W extends Dim, C extends Dim, const G extends number, F = unknown>(
    x: Tensor<[B, H, W, C]>,
    params: ScaleAndShift<NoInfer<C>>,
    options: GroupNormFor<G, C, F>,
  ): Tensor<[B, H, W, C]>;
} = normOf('groupNorm', groupFields, ['gamma', 'beta'], (x, { gamma, beta }, options) => {
  const y = standardizeGroups(tensor<[Dim, Dim, Dim, Dim], 'float32'>(x), options); // (x - μ)/√(σ² + ε)
  return addBias(scaleChannels(y, gamma), beta); // γ·y + β
});

interface Epsilon {
  /** Added to the variance or to the mean square. */
  readonly epsilon?: number;
}

type LastAxisNorm<HasBeta extends boolean> = OneError<
  [x: AnyTensor, params: ParametersOf<HasBeta, Dim>, options?: Epsilon]
> & {
  <C extends Dim>(
    params: ParametersOf<HasBeta, C>,
    options?: Epsilon,
  ): <R extends Shape>(x: Tensor<[...R, NoInfer<C>]>) => Tensor<[...R, C]>;
  <R extends Shape, C extends Dim>(
    x: Tensor<[...R, C]>,
    params: ParametersOf<HasBeta, NoInfer<C>>,
    options?: Epsilon,
  ): Tensor<[...R, C]>;
  // gives better errors for calls that match no other overload: see RecordOr
  <R extends Shape, C extends Dim, F>(
    first: RecordOr<F, ParametersOf<HasBeta, C>, Tensor<[...R, C]>>,
    second: RecordOr<NoInfer<F>, Epsilon, ParametersOf<HasBeta, NoInfer<C>>>,
  ): never;
};
type ParametersOf<HasBeta, C extends Dim> = HasBeta extends true ? ScaleAndShift<C> : { readonly gamma: Tensor<[C]> };

/**
 * Layer normalization along the last axis: (x − mean) / √(variance + ε), ε = 1e-5 by default, then γ·x + β. `[..., C]` →
 * `[..., C]`. Ba et al. 2016.
 * @example layerNorm(constantOf([1, 3], 2), { gamma: fullOf(2, 2), beta: ones(2) }) // → [-1, 3]
 */
export const layerNorm: LastAxisNorm<true> = normOf(
  'layerNorm',
  { epsilon: optional(epsilon, 1e-5) },
  ['gamma', 'beta'],
  (x, { gamma, beta }, { epsilon }) => {
    const y: Channelled = tensor(composite(normalizeComposite, [x], { axes: [x.shape.length - 1], epsilon }));
    return addBias(scaleChannels(y, gamma), beta);
  },
);

/**
 * γ·x / √(mean x² + ε) along the last axis, ε = 1e-6 by default. `[..., C]` → `[..., C]`. Zhang & Sennrich 2019.
 * @example rmsNorm(constantOf([1, 7], 2), { gamma: ones(2) }) // → [0.2, 1.4]
 */
export const rmsNorm: LastAxisNorm<false> = normOf(
  'rmsNorm',
  { epsilon: optional(epsilon, 1e-6) },
  ['gamma'],
  (x, { gamma }, { epsilon }) => {
    const meanSquare = scale(reduceKeeping('sum', mul(x, x), [-1]), 1 / (x.shape.at(-1) ?? 1));
    const y: Channelled = tensor(mul(x, spread(rsqrt(shift(meanSquare, epsilon)), x.shape)));
    return scaleChannels(y, gamma);
  },
);
