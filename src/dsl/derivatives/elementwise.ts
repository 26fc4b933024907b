import type { Node, NodeOf } from '../node.js';
import {
  add, binary, div, full, mul, neg, scale, select, shift, sub, unary, zerosLike,
} from '../primitives/index.js'; // prettier-ignore

/** Cotangents of the inputs of a node, from the cotangent of its result; null where there is none. */
export type Rule<N> = (n: N, cotangent: Node) => readonly (Node | null)[];

const oneMinus = (x: Node): Node => sub(full(1, x.shape), x);

export const unaryRule: Rule<NodeOf<'unary'>> = (y, g) => {
  const x = y.inputs[0]!;
  const slope = (): Node | null => {
    switch (y.attributes.fn) {
      case 'neg':
        return full(-1, x.shape);
      case 'abs':
        return unary('sign', x);
      case 'exp':
        return y;
      case 'expm1':
        return shift(y, 1);
      case 'log':
        return unary('reciprocal', x);
      case 'log1p':
        return unary('reciprocal', shift(x, 1));
      case 'sqrt':
        return scale(unary('reciprocal', y), 0.5);
      case 'rsqrt':
        return scale(mul(y, mul(y, y)), -0.5);
      case 'reciprocal':
        return neg(mul(y, y));
      case 'sin':
        return unary('cos', x);
      case 'cos':
        return neg(unary('sin', x));
      case 'tan':
        return shift(mul(y, y), 1);
      case 'tanh':
        return oneMinus(mul(y, y));
      case 'atan':
        return unary('reciprocal', shift(mul(x, x), 1));
      case 'sigmoid':
        return mul(y, oneMinus(y));
      case 'erf':
        return scale(unary('exp', neg(mul(x, x))), 2 / Math.sqrt(Math.PI));
      case 'sign':
      case 'floor':
      case 'ceil':
      case 'round':
      case 'not':
      case 'isFinite':
        return null;
    }
  };
  const by = slope();
  return [by === null ? null : mul(g, by)];
};

/** The share of the cotangent that goes to `a` in `max(a, b)`: all, half of it where they are equal, or none. */
const winner = (a: Node, b: Node, g: Node): Node =>
  select(binary('equal', a, b), scale(g, 0.5), select(binary('less', b, a), g, zerosLike(g)));

export const binaryRule: Rule<NodeOf<'binary'>> = (y, g) => {
  const [a, b] = y.inputs as readonly [Node, Node];
  switch (y.attributes.fn) {
    case 'add':
      return [g, g];
    case 'sub':
      return [g, neg(g)];
    case 'mul':
      return [mul(g, b), mul(g, a)];
    case 'div':
      return [div(g, b), neg(div(mul(g, a), mul(b, b)))];
    case 'pow': {
      // b·a^(b−1) at a = b = 0 is 0·0⁰, not 0·∞, however often it is differentiated
      const zero = zerosLike(a);
      const constant = binary('and', binary('equal', a, zero), binary('equal', b, zero));
      const byBase = mul(b, binary('pow', a, select(constant, zero, shift(b, -1))));
      // log of a positive base alone: elsewhere the exponent has no derivative
      const positive = binary('less', zero, a);
      const logarithm = unary('log', select(positive, a, full(1, a.shape)));
      return [mul(g, byBase), mul(g, mul(y, logarithm))];
    }
    case 'mod':
      return [g, neg(mul(g, unary('floor', div(a, b))))];
    case 'max':
      return [winner(a, b, g), winner(b, a, g)];
    case 'min':
      return [winner(neg(a), neg(b), g), winner(neg(b), neg(a), g)];
    case 'equal':
    case 'less':
    case 'lessEqual':
    case 'and':
    case 'or':
      return [null, null];
  }
};

export const selectRule: Rule<NodeOf<'select'>> = ({ inputs: [condition] }, g) => [
  null,
  select(condition!, g, zerosLike(g)),
  select(condition!, zerosLike(g), g),
];

export const sumOf = (a: Node | undefined, b: Node): Node => (a === undefined ? b : add(a, b));
