import { raise, showShape } from '../../errors.js';
import { type Node, node, whereOf } from '../../graph/node.js';
import { demandDType } from '../dtype.js';
import type { Build, Primitive } from '../primitive.js';

/** `[...batch, m, k]` · `[...batch, k, n]` → `[...batch, m, n]`. */
export const dot = (a: Node, b: Node): Node => {
  demandDType('dot', ['float32'], a, b);
  const rank = a.shape.length;
  const fits =
    rank >= 2 && b.shape.length === rank && a.shape[rank - 1] === b.shape[rank - 2] &&
    a.shape.slice(0, -2).every((d, i) => d === b.shape[i]); // prettier-ignore
  if (!fits)
    raise('ShapeError', {
      where: whereOf('dot', [a, b]),
      expected: '[...batch, m, k] and [...batch, k, n]',
      actual: `${showShape(a.shape)} and ${showShape(b.shape)}`,
      hint: 'the last axis of the first must equal the second-last of the second',
    });
  return node('dot', [a, b], {}, [...a.shape.slice(0, -1), b.shape[rank - 1]!], 'float32');
};

/** xᵀ, of the last two axes. */
const transposed = (x: Node, { transpose }: Build): Node => {
  const axes = x.shape.map((_, axis) => axis);
  return transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
};

export const dotPrimitive: Primitive<'dot'> = {
  rebuild: ({ inputs: [a, b] }) => dot(a!, b!),
  derivative: ({ inputs: [a, b] }, g, build) => [dot(g, transposed(b!, build)), dot(transposed(a!, build), g)],
  // if the matrices are the same for all examples, one product multiplies the rows of all
  vmap: ({ shape, inputs }, [a, b], extent, { moveAxis, reshape, spread }) => {
    if (b!.mapped) return dot(spread(a!, extent), b!.node);
    const [batch, [m, k]] = [shape.slice(0, -2), inputs[0]!.shape.slice(-2) as [number, number]];
    const rows = reshape(moveAxis(a!.node, 0, batch.length), [...batch, extent * m, k]);
    const product = reshape(dot(rows, b!.node), [...batch, extent, m, shape.at(-1)!]);
    return moveAxis(product, batch.length, 0);
  },
  ofNothing: ({ shape, dtype }, { full }) => full(0, shape, dtype), // the sum of no products
  lowering: { class: 'anchor', anchor: () => ({ op: 'dot' }) },
};
