import { type BinaryFn, type Node, node } from '../../graph/node.js';
import { demandDType } from '../dtype.js';
import { demandAlike } from '../shape.js';
import type { Primitive } from '../primitive.js';
import { binaryFunctions } from './binaryFunctions.js';

/** A function of the elements of two nodes of one shape and dtype. */
export const binary = (fn: BinaryFn, a: Node, b: Node): Node => {
  const { takes, gives } = binaryFunctions[fn];
  demandAlike(fn, a, b);
  demandDType(fn, takes, a);
  return node('binary', [a, b], { fn }, a.shape, gives ?? a.dtype);
};

export const binaryPrimitive: Primitive<'binary'> = {
  rebuild: ({ inputs: [a, b], attributes: { fn } }) => binary(fn, a!, b!),
  derivative: (y, g, build) => {
    const [a, b] = y.inputs;
    return binaryFunctions[y.attributes.fn].derivative?.(g, a!, b!, y, build) ?? [null, null];
  },
  vmap: ({ attributes: { fn } }, [a, b], extent, { spread }) => binary(fn, spread(a!, extent), spread(b!, extent)),
  ofNothing: null,
  lowering: {
    class: 'elementwise',
    arithmetic: ({ attributes: { fn } }) => binaryFunctions[fn].arithmetic,
    scalar: ({ attributes: { fn } }, [a, b], dtype) => ({ op: 'binary', fn, a: a!, b: b!, dtype }),
    isEquality: ({ attributes: { fn } }) => fn === 'equal',
  },
  simplify: (n, uniformOf) => {
    const { neutral } = binaryFunctions[n.attributes.fn];
    if (n.dtype !== 'float32' || neutral === undefined) return n;
    const [a, b] = n.inputs;
    if (Object.is(uniformOf(a!), neutral.left)) return b!;
    return Object.is(uniformOf(b!), neutral.right) ? a! : n;
  },
  label: ({ attributes: { fn } }) => fn,
};
