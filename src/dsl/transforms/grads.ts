/** Trees of gradients and tangents: a tensor for each float32 tensor of another tree. */
import { demandType, placeIn, showType } from '../../internal/errors.js';
import type { Node } from '../graph/node.js';
import { type AnyTensor, isTensor, mapNodes, nodeOf, type OfDType } from '../graph/tensor.js';
import { zerosLike } from '../primitives/index.js';
import { zipLeaves } from '../types/tree.js';

/** The gradient with respect to a tree of tensors: a tensor of the same shape for each float32 leaf, otherwise null. */
export type Grads<P> = P extends OfDType<infer D> ? GradOf<P>[D] : { readonly [K in keyof P]: Grads<P[K]> };

/**
 * The gradient of a tensor, by its dtype. TypeScript infers no type parameter through an indexed access, so the type of
 * a gradient does not decide the type of the parameters.
 */
interface GradOf<T> {
  readonly float32: T;
  readonly int32: null;
  readonly bool: null;
  readonly key: null;
}

/** Makes the tree of gradients from a node for each float32 leaf, in order. */
export const gradsOf = <P>(p: P, gradients: readonly Node[]): Grads<P> => {
  let next = 0;
  return mapNodes(p, ({ dtype }) => (dtype === 'float32' ? gradients[next++]! : null)) as Grads<P>; // by definition
};

/**
 * Lists the gradient of each float32 leaf, in order; null becomes zeros. Raises `ShapeError` for a gradient of another
 * shape or dtype, and `ConfigError` for a tree of another structure.
 */
export const gradNodes = <P>(where: string, p: P, grads: Grads<P>): readonly Node[] => {
  const nodes: Node[] = [];
  zipLeaves([p, grads], isTensor, (leaf: AnyTensor, [gradient], path) => {
    const x = nodeOf(leaf);
    if (x.dtype !== 'float32') return;
    const g = gradient ? nodeOf(gradient) : zerosLike(x);
    demandType(placeIn(where, path), showType(x), g, 'give it the shape of the argument');
    nodes.push(g);
  });
  return nodes;
};

/**
 * Returns float32 tensors as a direction of `jvp`. `Grads<P>` equals `P` for them, but the compiler cannot compute this
 * for a generic `P`.
 */
export const asTangent = <P>(direction: P): Grads<P> => direction as unknown as Grads<P>;
