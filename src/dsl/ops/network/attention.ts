import { attentionComposite } from '../../composites/index.js';
import { dataFirst } from '../../../internal/dual.js';
import type { Exact } from '../../../internal/exact.js';
import { refuseShape, showShape } from '../../../internal/errors.js';
import type { Node } from '../../graph/node.js';
import { sizeOf } from '../../../internal/numbers.js';
import { numberOf } from '../../../internal/decode.js';
import { schema } from '../../../internal/schema.js';
import { isSameShape } from '../../primitives/checks.js';
import { composite, reshape } from '../../primitives/index.js';
import type { CheckedField, NotMultiple } from '../../types/checked.js';
import { type AnyTensor, type Dim, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import { demandDivisor } from '../operand.js';

/** One or more axes of positions: tokens `[N]`, pixels `[H, W]`. */
type Positions = readonly [Dim, ...Shape];

/** Options of {@link attention}. */
export interface AttentionOptions<H = number> {
  /** The number of heads, which divides the channels. */
  readonly heads: H;
}
/** The options for `C` channels, with an error message in place of a number of heads that does not divide them. */
type OptionsFor<H extends number, C extends Dim> = AttentionOptions<
  CheckedField<H, C, NotMultiple<C, H, 'channels', ' heads'>>
>;

const optionsOf = schema('attention', { heads: numberOf('a number of heads') });

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
 * Scaled dot-product attention, softmax(q·kᵀ/√d)·v in each head. Queries, keys and values are tokens `[B, N, C]` or
 * images `[B, H, W, C]`, whose pixels are the tokens; the result has the shape of `q`. Keys and values may have another
 * number of tokens than the queries (cross-attention). The channels are the concatenated heads, C = heads·d. Raises
 * `ShapeError` if shapes differ, or if `heads` does not divide C. On `wasm` none of the N·M scores are stored, here and
 * in the gradient; second derivatives store them. Vaswani et al. 2017, equation 1.
 * @example
 * const [q, v] = [zeros(1, 2, 1), constantOf([1, 3], 1, 2, 1)] // equal scores: the mean of v
 * attention(q, q, v, { heads: 1 }) // → [[[2], [2]]]
 * const [image, text] = [zeros(8, 16, 16, 64), zeros(8, 77, 64)]
 * attention(image, text, text, { heads: 4 }) // : Tensor<[8, 16, 16, 64]>
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
  options: Exact<F, keyof AttentionOptions> & OptionsFor<H, C>,
) => Tensor<[B, ...N, C]> = dataFirst(
  'attention',
  4,
  (q: AnyTensor, k: AnyTensor, v: AnyTensor, options: AttentionOptions) => {
    const { heads } = optionsOf.demand(options);
    const [Q, K, V] = [nodeOf(q), nodeOf(k), nodeOf(v)];
    check(Q, K, V, heads);
    const [B, C] = [Q.shape[0]!, Q.shape.at(-1)!];
    const d = C / heads;
    const split = (n: Node): Node => reshape(n, [B, sizeOf(n.shape.slice(1, -1)), heads, d]);
    const y = composite(attentionComposite, [split(Q), split(K), split(V)], { scale: 1 / Math.sqrt(d) });
    return tensor(reshape(y, Q.shape));
  },
);
