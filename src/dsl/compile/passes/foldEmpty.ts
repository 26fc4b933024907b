import { type Node, rewrite, sizeOf } from '../../graph/node.js';
import { constant } from '../../primitives/index.js';
import { primitiveOf } from '../../primitives/table.js';

const isEmpty = (n: Node): boolean => sizeOf(n.shape) === 0;

/** Replaces empty tensors, and results of empty operands, by constants, so that backends never see empty tensors. */
export const foldEmpty = (roots: readonly Node[]): readonly Node[] =>
  rewrite(roots, (n) => {
    const { ofNothing, lowering } = primitiveOf(n);
    if (lowering.class === 'source' || n.dtype === 'key') return n;
    if (isEmpty(n)) return constant(new Float64Array(0), n.shape, n.dtype);
    return (n.inputs.some(isEmpty) && ofNothing?.(n)) || n;
  });
