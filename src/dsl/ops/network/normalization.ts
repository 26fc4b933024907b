/** Normalizations to mean 0 and variance 1, followed by a learned scale and shift. */
import { normalizeComposite, normalizeOptions } from '../../composites/index.js';
import { dual, type OneError } from '../../../internal/dual.js';
import type { Exact } from '../../../internal/exact.js';
import { named, refuseShape, showShape } from '../../../internal/errors.js';
import type { Node } from '../../graph/node.js';
import { amount, hinted, numberOf } from '../../../internal/decode.js';
import { optional, schema } from '../../../internal/schema.js';
import { composite, fourOf, mul, reduceKeeping, reshape, rsqrt, scale, shift } from '../../primitives/index.js';
import type { Checked, CheckedField, NotMultiple } from '../../types/checked.js';
import { type AnyTensor, type Dim, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import { addBias, scaleChannels } from './linear.js';
import { demandDivisor, type RecordOr, spread, startsWithTensor, withFields } from '../operand.js';

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
type Groups<G extends number, C extends Dim, F> = Exact<F, keyof GroupNorm> &
  GroupNorm<CheckedField<G, C, NotMultiple<C, G, 'channels', ' groups'>>>;

type Parameter = keyof ScaleAndShift<Dim>;
const GAMMA_AND_BETA = ['gamma', 'beta'] as const;

/** γ·x in each channel, then + β if it is one of the parameters. Raises `ShapeError` unless they have the channels of x. */
const scaledAndShifted = (
  op: string,
  x: Node,
  given: ScaleAndShift<Dim>,
  names: readonly Parameter[] = GAMMA_AND_BETA,
): AnyTensor => {
  const params = withFields(op, given, names);
  const own = showShape(x.shape.slice(-1));
  for (const name of names) {
    const { shape } = nodeOf(params[name]);
    const expected = `${name} of ${own}, one number for each channel of ${showShape(x.shape)}`;
    if (showShape(shape) !== own) refuseShape(op, expected, shape, 'the channels are the last axis');
  }
  return named(op, () => {
    const scaled = scaleChannels(tensor<[...Shape, Dim], 'float32'>(x), params.gamma);
    return names.includes('beta') ? addBias(scaled, params.beta) : scaled;
  });
};

/** Added to a variance. */
const epsilonOption = hinted(amount, '1e-5 is usual, 1e-6 in DDPM');

const groupFields = { groups: numberOf('a number of groups'), epsilon: optional(epsilonOption, 1e-5) };
const groupOptions = {
  standardizeGroups: schema('standardizeGroups', groupFields),
  groupNorm: schema('groupNorm', groupFields),
};

const standardized = (op: keyof typeof groupOptions, n: Node, options: GroupNorm): Node => {
  const { groups, epsilon } = groupOptions[op].demand(options);
  if (n.shape.length !== 4)
    refuseShape(op, 'images [B, H, W, C]', n.shape, 'give other tensors axes of extent 1, or use layerNorm');
  demandDivisor(op, 'groups', groups, n.shape);
  const [B, H, W, C] = fourOf(n);
  const grouped = reshape(n, [B, H * W, groups, C / groups]);
  return reshape(composite(normalizeComposite, [grouped], normalizeOptions([1, 3], epsilon)), n.shape);
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
    options: Groups<G, S[3], F>,
  ): Tensor<S>;
} = dual('standardizeGroups', 2, (x: AnyTensor, options: GroupNorm) =>
  tensor(standardized('standardizeGroups', nodeOf(x), options)),
);

/**
 * {@link standardizeGroups}, then γ·x + β in each channel. Raises `ShapeError` unless `groups` divides C. Wu & He 2018.
 * @example
 * const [h, norm] = [constantOf([1, 3, 10, 30], 1, 1, 1, 4), { gamma: fullOf(2, 4), beta: ones(4) }]
 * pipe(h, groupNorm(norm, { groups: 2 }), reshape(4)) // → [-1, 3, -1, 3]
 */
export const groupNorm: {
  <C extends Dim, const G extends number, F = unknown>(
    params: ScaleAndShift<C>,
    options: Groups<G, C, F>,
  ): <B extends Dim, H extends Dim, W extends Dim>(x: Tensor<[B, H, W, NoInfer<C>]>) => Tensor<[B, H, W, C]>;
  <B extends Dim, H extends Dim, W extends Dim, C extends Dim, const G extends number, F = unknown>(
    x: Tensor<[B, H, W, C]>,
    params: ScaleAndShift<NoInfer<C>>,
    options: Groups<G, C, F>,
  ): Tensor<[B, H, W, C]>;
} = dual('groupNorm', 3, (x: AnyTensor, params: ScaleAndShift<Dim>, options: GroupNorm) =>
  scaledAndShifted('groupNorm', standardized('groupNorm', nodeOf(x), options), params),
);

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

const lastAxisNorm = <F extends object>(
  op: string,
  names: readonly Parameter[],
  defaultEpsilon: number,
  normalized: (x: Node, epsilon: number) => Node,
): F => {
  const known = schema(op, { epsilon: optional(epsilonOption, defaultEpsilon) });
  const apply = (x: AnyTensor, params: ScaleAndShift<Dim>, options?: Epsilon): AnyTensor => {
    const { epsilon } = known.demand(options);
    return scaledAndShifted(op, named(op, () => normalized(nodeOf(x), epsilon)), params, names); // prettier-ignore
  };
  return dual(op, [startsWithTensor, 3], apply);
};

/**
 * Layer normalization along the last axis: (x − mean) / √(variance + ε), ε = 1e-5 by default, then γ·x + β. `[..., C]` →
 * `[..., C]`. Ba et al. 2016.
 * @example layerNorm(constantOf([1, 3], 2), { gamma: fullOf(2, 2), beta: ones(2) }) // → [-1, 3]
 */
export const layerNorm: LastAxisNorm<true> = lastAxisNorm('layerNorm', GAMMA_AND_BETA, 1e-5, (x, epsilon) =>
  composite(normalizeComposite, [x], normalizeOptions([x.shape.length - 1], epsilon)),
);

/**
 * γ·x / √(mean x² + ε) along the last axis, ε = 1e-6 by default. `[..., C]` → `[..., C]`. Zhang & Sennrich 2019.
 * @example rmsNorm(constantOf([1, 7], 2), { gamma: ones(2) }) // → [0.2, 1.4]
 */
export const rmsNorm: LastAxisNorm<false> = lastAxisNorm('rmsNorm', ['gamma'], 1e-6, (x, epsilon) => {
  const square = scale(reduceKeeping('sum', mul(x, x), [-1]), 1 / (x.shape.at(-1) ?? 1));
  return mul(x, spread(rsqrt(shift(square, epsilon)), x.shape));
});
