import { attentionComposite } from '../../composites/index.js';
import { dataFirst } from '../../../internal/dual.js';
import type { Exact } from '../../../internal/exact.js';
import { refuseShape, showShape } from '../../../internal/errors.js';
import type { Node } from '../../graph/node.js';
import { sizeOf } from '../../../internal/numbers.js';
import { numberOf, tested } from '../../../internal/decode.js';
import { optional, schema } from '../../../internal/schema.js';
import { isSameShape } from '../../primitives/checks.js';
import { broadcast, composite, concat, full, reshape, select, slice, zerosLike } from '../../primitives/index.js';
import type { CheckedField, NotMultiple } from '../../types/checked.js';
import { type AnyTensor, type Dim, isTensor, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import { demandDivisor, demandMask } from '../operand.js';

/** One or more axes of positions: tokens `[N]`, pixels `[H, W]`. */
type Positions = readonly [Dim, ...Shape];

/** Options of {@link attention}. */
export interface AttentionOptions<H = number, K extends Shape = Shape> {
  /** The number of heads, which divides the channels. */
  readonly heads: H;
  /** False for a key that no query attends to, `[B, …]` in the shape of the keys without channels; by default all are true. */
  readonly mask?: Tensor<K, 'bool'>;
}
/** The options for `C` channels, with an error message in place of a number of heads that does not divide them. */
type OptionsFor<H extends number, C extends Dim, K extends Shape> = AttentionOptions<
  CheckedField<H, C, NotMultiple<C, H, 'channels', ' heads'>>,
  K
>;

const optionsOf = schema('attention', {
  heads: numberOf('a number of heads'),
  mask: optional(tested('a tensor of booleans', isTensor)),
});

/** The score of a key that is masked: below every score of float32 that does not overflow, so that its weight e^(score − max) is 0. */
const MASKED = -3e38;

/** Raises `ShapeError` unless all are `[B, …, C]`, keys and values have one shape, and `heads` divides C. */
const check = (q: Node, k: Node, v: Node, heads: number): void => {
  const refuse = (expected: string, { shape }: Node, hint: string): never =>
    refuseShape('attention', expected, shape, hint);
  for (const [name, n] of Object.entries({ q, k, v }))
    if (n.shape.length < 3)
      refuse(`${name} as tokens [B, N, C] or an image [B, H, W, C]`, n, 'give one token an axis of 1: [B, 1, C]');
  const [B, C] = [q.shape[0], q.shape.at(-1)];
  demandDivisor('attention', 'heads', heads, q.shape);
  if (k.shape[0] !== B || k.shape.at(-1) !== C)
    refuse(`k with the samples and channels of q, [${B}, …, ${C}]`, k, 'project the context to them first');
  if (!isSameShape(v.shape, k.shape)) refuse(`v in the shape of k, ${showShape(k.shape)}`, v, 'each key has one value');
};

/**
 * Attention to the keys where a mask `[B, M]` is true, for q `[B, N, heads, d]`, and k and v `[B, M, heads, d]`. A channel more, 1/scale
 * in q and {@link MASKED} in the keys that are masked, gives these their score. Their values are 0, so that without any key the
 * result is 0.
 */
const masked = (mask: Node, q: Node, k: Node, v: Node, scale: number): Node => {
  const [B, M] = mask.shape as readonly [number, number];
  const channel = ({ shape }: Node, value: number): Node => full(value, [...shape.slice(0, -1), 1]);
  const where = (yes: Node, no: Node): Node => select(broadcast(reshape(mask, [B, M, 1, 1]), yes.shape), yes, no);
  const attended = (n: Node): Node => where(n, zerosLike(n)); // a key that is masked may be NaN
  const y = composite(
    attentionComposite,
    [
      concat([q, channel(q, 1 / scale)], -1),
      concat([attended(k), where(channel(k, 0), channel(k, MASKED))], -1),
      concat([attended(v), channel(v, 0)], -1),
    ],
    { scale },
  );
  return slice(y, [0, 0, 0, 0], q.shape);
};

/**
 * Scaled dot-product attention, softmax(q·kᵀ/√d)·v in each head. Queries, keys and values are tokens `[B, N, C]` or
 * images `[B, H, W, C]`, whose pixels are the tokens; the result has the shape of `q`. Keys and values may have another
 * number of tokens than the queries (cross-attention). The channels are the concatenated heads, C = heads·d. A key whose
 * `mask` is false has no influence, whatever its numbers; a sample without any key gets zeros. Raises `ShapeError` if
 * shapes differ, or if `heads` does not divide C. On `wasm` none of the N·M scores are stored, here and in the gradient;
 * second derivatives store them. Vaswani et al. 2017, equation 1.
 * @example
 * const [q, v] = [zeros(1, 2, 1), constantOf([1, 3], 1, 2, 1)] // equal scores: the mean of v
 * attention(q, q, v, { heads: 1 }) // → [[[2], [2]]]
 * const [image, text] = [zeros(8, 16, 16, 64), zeros(8, 77, 64)]
 * attention(image, text, text, { heads: 4 }) // : Tensor<[8, 16, 16, 64]>
 * const mask = constantOf(Uint8Array.of(1, 0), 1, 2)
 * attention(q, q, v, { heads: 1, mask }) // → [[[1], [1]]]
 */
export const attention: <
  B extends Dim,
  N extends Positions,
  M extends Positions,
  C extends Dim,
  const H extends number,
  F = unknown,
>(
  q: Tensor<readonly [B, ...N, C]>,
  k: Tensor<readonly [NoInfer<B>, ...M, NoInfer<C>]>,
  v: Tensor<readonly [NoInfer<B>, ...M, NoInfer<C>]>,
  options: Exact<F, keyof AttentionOptions> & OptionsFor<H, C, NoInfer<readonly [B, ...M]>>,
) => Tensor<[B, ...N, C]> = dataFirst(
  'attention',
  4,
  (q: AnyTensor, k: AnyTensor, v: AnyTensor, options: AttentionOptions) => {
    const { heads, mask } = optionsOf.demand(options);
    const [Q, K, V] = [nodeOf(q), nodeOf(k), nodeOf(v)];
    check(Q, K, V, heads);
    const [B, C] = [Q.shape[0]!, Q.shape.at(-1)!];
    const d = C / heads;
    const split = (n: Node): Node => reshape(n, [B, sizeOf(n.shape.slice(1, -1)), heads, d]);
    const [scale, parts] = [1 / Math.sqrt(d), [split(Q), split(K), split(V)] as const];
    if (mask === undefined) return tensor(reshape(composite(attentionComposite, parts, { scale }), Q.shape));
    demandMask('attention: mask', nodeOf(mask), K);
    const of = reshape(nodeOf(mask), [B, sizeOf(K.shape.slice(1, -1))]);
    return tensor(reshape(masked(of, ...parts, scale), Q.shape));
  },
);
