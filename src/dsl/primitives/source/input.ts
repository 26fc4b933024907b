import { type DType, type Node, node, type NodeOf, pathOf } from '../../graph/node.js';
import { LEAF, type Primitive } from '../primitive.js';

/** A tensor or key that is given, named by its path in the tree of arguments. */
export const input = (path: string, shape: readonly number[], dtype: DType): Node =>
  node('input', [], { path }, shape, dtype);

/** An input of the shape and dtype of a node, and of its path, if it has one. */
export const inputLike = (n: Node): Node => input(pathOf(n) ?? '', n.shape, n.dtype);

export const isInput = (n: Node): n is NodeOf<'input'> => n.op === 'input';

export const inputPrimitive: Primitive<'input'> = {
  rebuild: (n) => n,
  ...LEAF,
  lowering: { class: 'source', data: null },
  isUnique: true,
};
