/** Cost model for the choice between schedules. Costs are in units of one vector addition. */
import type { BinaryFn, UnaryFn } from '../../../dsl/graph/node.js';
import type { Assignment } from '../../../dsl/graph/region.js';

const UNARY: Readonly<Record<UnaryFn, number>> = {
  neg: 1, abs: 1, sign: 5, floor: 1, ceil: 1, round: 1, not: 1, isFinite: 2, float16: 12, bfloat16: 1,
  sqrt: 5, rsqrt: 9, reciprocal: 4, exp: 24, expm1: 28, sigmoid: 28, tanh: 32, log: 32,
  log1p: 44, atan: 26, erf: 56, sin: 40, cos: 40, tan: 44,
}; // oxfmt-ignore

const BINARY: Readonly<Record<BinaryFn, number>> = {
  add: 1, sub: 1, mul: 1, div: 4, max: 6, min: 6, equal: 1, less: 1, lessEqual: 1, and: 1, or: 1,
  pow: 110, mod: 80,
}; // oxfmt-ignore

/** Cost of an assignment's arithmetic. The cost of memory accesses depends on the schedule and is not included. */
export const costOf = (a: Assignment): number => {
  switch (a.op) {
    case 'unary':
      return UNARY[a.fn];
    case 'binary':
      return BINARY[a.fn];
    case 'select':
    case 'index':
      return 2;
    case 'cast':
      return 1;
    default:
      return 0;
  }
};
