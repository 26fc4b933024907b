/** Trees of gradients and tangents: a tensor for each float32 tensor of another tree. */
import { raise, showShape } from '../errors.js';
import type { Node } from '../graph/node.js';
import { zerosLike } from '../primitives/index.js';
import { type AnyTensor, isTensor, nodeOf, type Shape, tensor, type Tensor } from '../graph/tensor.js';
import { mapLeaves, zipLeaves } from '../types/tree.js';

/** The gradient with respect to a tree of tensors: a tensor of the same shape for each float32 leaf, otherwise null. */
export type Grads<P> =
  P extends Tensor<Shape, infer D> ? (D extends 'float32' ? P : null) : { readonly [K in keyof P]: Grads<P[K]> };

/** Makes the tree of gradients from a node for each float32 leaf, in order. */
export const gradsOf = <P>(p: P, gradients: readonly Node[]): Grads<P> => {
  let next = 0;
  return mapLeaves(p, isTensor, (leaf: AnyTensor) =>
    nodeOf(leaf).dtype === 'float32' ? tensor(gradients[next++]!) : null,
  ) as Grads<P>; // Grads<P> is this tree by definition
};

/**
 * Lists the gradient of each float32 leaf, in order; null becomes zeros. Raises `ShapeError` for a gradient of another
 * shape or dtype, and `ConfigError` for a tree of another structure.
 */
export const gradNodes = <P>(where: string, p: P, grads: Grads<P>): readonly Node[] => {
  const found: Node[] = [];
  zipLeaves([p, grads], isTensor, (leaf: AnyTensor, [given], path) => {
    const x = nodeOf(leaf);
    if (x.dtype !== 'float32') return;
    const g = given ? nodeOf(given) : zerosLike(x);
    if (g.dtype !== x.dtype || showShape(g.shape) !== showShape(x.shape))
      raise('ShapeError', {
        where: path === '' ? where : `${where} at ${path}`,
        expected: `float32 ${showShape(x.shape)}`,
        actual: `${g.dtype} ${showShape(g.shape)}`,
        hint: 'give it the shape of the argument',
      });
    found.push(g);
  });
  return found;
};
