import { softmaxComposite } from '../composites/index.js';
import { dual } from '../dual.js';
import { raise, showShape } from '../errors.js';
import type { Node } from '../node.js';
import { composite, dot, reshape, scale, transpose } from '../primitives/index.js';
import { type AnyTensor, type Dim, nodeOf, type Tensor, tensor } from '../tensor.js';

/**
 * Scaled dot-product attention between all pixels of an image (of a sequence of tokens: [B, T, 1, C]), `softmax(q·kᵀ/√d)·v` in each head:
 * `[B, H, W, C]` → `[B, H, W, C]`. The channels are the heads side by side, C = heads·d. Raises `ShapeError`
 * unless `heads` divides C. Vaswani et al. 2017, equation 1.
 *
 * @example
 * const [q, v] = [zeros(1, 1, 2, 1), constantOf([1, 3], 1, 1, 2, 1)] // equal scores: the mean of v
 * reshape(attention(q, q, v, { heads: 1 }), 2) // → [2, 2]
 */
export const attention: {
  <B extends Dim, H extends Dim, W extends Dim, C extends Dim>(
    k: Tensor<[B, H, W, C]>,
    v: Tensor<[NoInfer<B>, NoInfer<H>, NoInfer<W>, NoInfer<C>]>,
    options: { readonly heads: number },
  ): (q: Tensor<[NoInfer<B>, NoInfer<H>, NoInfer<W>, NoInfer<C>]>) => Tensor<[B, H, W, C]>;
  <B extends Dim, H extends Dim, W extends Dim, C extends Dim>(
    q: Tensor<[B, H, W, C]>,
    k: Tensor<[NoInfer<B>, NoInfer<H>, NoInfer<W>, NoInfer<C>]>,
    v: Tensor<[NoInfer<B>, NoInfer<H>, NoInfer<W>, NoInfer<C>]>,
    options: { readonly heads: number },
  ): Tensor<[B, H, W, C]>;
} = dual(
  'attention',
  4,
  (q: AnyTensor, k: AnyTensor, v: AnyTensor, { heads }: { readonly heads: number }) => {
    const { shape } = nodeOf(q);
    if (shape.length !== 4)
      raise('ShapeError', {
        where: 'attention',
        expected: 'images, [B, H, W, C]',
        actual: showShape(shape),
        hint: 'give a sequence of T tokens an axis of 1: [B, T, 1, C]',
      });
    const [B, H, W, C] = shape as readonly [number, number, number, number]; // by its type
    if (!Number.isInteger(heads) || heads < 1 || C % heads !== 0)
      raise('ShapeError', {
        where: 'attention',
        expected: `a number of heads that divides the ${C} channels of ${showShape(shape)}`,
        actual: `${heads}`,
        hint: 'choose the channels as a multiple of the heads',
      });
    for (const [name, n] of [['k', nodeOf(k)], ['v', nodeOf(v)]] as const)
      if (showShape(n.shape) !== showShape(shape))
        raise('ShapeError', {
          where: 'attention',
          expected: `${name} in the shape of q, ${showShape(shape)}`,
          actual: showShape(n.shape),
          hint: 'for a context of another length write it with einsum and softmax',
        }); // prettier-ignore
    const d = C / heads;
    const split = (n: Node): Node => reshape(n, [B, H * W, heads, d]);
    const queries = transpose(split(scale(nodeOf(q), 1 / Math.sqrt(d))), [0, 2, 1, 3]); // [B, heads, HW, d]
    const keys = transpose(split(nodeOf(k)), [0, 2, 3, 1]); // [B, heads, d, HW]
    const values = transpose(split(nodeOf(v)), [0, 2, 1, 3]);
    const weights = composite(softmaxComposite, [dot(queries, keys)]); // [B, heads, HW, HW]
    return tensor(reshape(transpose(dot(weights, values), [0, 2, 1, 3]), shape));
  },
);
