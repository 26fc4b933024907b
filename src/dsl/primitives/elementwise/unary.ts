import { type Node, node, type UnaryFn } from '../../graph/node.js';
import { demandDType } from '../dtype.js';
import type { Primitive } from '../primitive.js';
import { unaryFunctions } from './unaryFunctions.js';

/** A function of each element. */
export const unary = (fn: UnaryFn, x: Node): Node => {
  const { takes, gives } = unaryFunctions[fn];
  demandDType(fn, takes, x);
  return node('unary', [x], { fn }, x.shape, gives ?? x.dtype);
};

export const unaryPrimitive: Primitive<'unary'> = {
  rebuild: ({ inputs: [x], attributes: { fn } }) => unary(fn, x!),
  derivative: (y, g, build) => {
    const slope = unaryFunctions[y.attributes.fn].slope?.(y.inputs[0]!, y, build);
    return [slope === undefined ? null : build.mul(g, slope)];
  },
  vmap: ({ attributes: { fn } }, [x]) => unary(fn, x!.node),
  ofNothing: null,
  lowering: {
    class: 'elementwise',
    arithmetic: ({ attributes: { fn } }) => unaryFunctions[fn].arithmetic,
    scalar: ({ attributes: { fn } }, [a], dtype) => ({ op: 'unary', fn, a: a!, dtype }),
  },
  simplify: (n) => {
    const x = n.inputs[0]!;
    const isTwice = n.attributes.fn === 'neg' && x.op === 'unary' && x.attributes.fn === 'neg';
    return isTwice ? x.inputs[0]! : n;
  },
  label: ({ attributes: { fn } }) => fn,
};
