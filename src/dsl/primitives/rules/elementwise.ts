import { zerosLike, spread } from '../movement.js';
import { binary, binaryFunctions, cast, mul, select, unary, unaryFunctions } from '../elementwise.js';
import type { Rules } from '../primitive.js';
import { operandOf } from '../../graph/node.js';

export const elementwiseRules: Rules<'unary' | 'binary' | 'select' | 'cast'> = {
  unary: {
    rebuild: ({ inputs: [x], attributes: { fn } }) => unary(fn, x),
    derivative: (y, g) => {
      const slope = unaryFunctions[y.attributes.fn].slope?.(y.inputs[0], y);
      return [slope === undefined ? null : mul(g, slope)];
    },
    vmap: ({ attributes: { fn } }, [x]) => unary(fn, x.node),
    lowering: {
      class: 'elementwise',
      arithmetic: ({ attributes: { fn } }) => unaryFunctions[fn].arithmetic,
      scalar: ({ attributes: { fn } }, [a], dtype) => ({ op: 'unary', fn, a, dtype }),
    },
    simplify: (n) => {
      const x = n.inputs[0];
      const isTwice = n.attributes.fn === 'neg' && x.op === 'unary' && x.attributes.fn === 'neg';
      return isTwice ? x.inputs[0] : n;
    },
    label: ({ attributes: { fn } }) => fn,
  },
  binary: {
    rebuild: ({ inputs: [a, b], attributes: { fn } }) => binary(fn, a, b),
    derivative: (y, g) => {
      const [a, b] = y.inputs;
      return binaryFunctions[y.attributes.fn].derivative?.(g, a, b, y) ?? [null, null];
    },
    vmap: ({ attributes: { fn } }, [a, b], extent) => binary(fn, spread(a, extent), spread(b, extent)),
    lowering: {
      class: 'elementwise',
      arithmetic: ({ attributes: { fn } }) => binaryFunctions[fn].arithmetic,
      scalar: ({ attributes: { fn } }, [a, b], dtype) => ({ op: 'binary', fn, a, b, dtype }),
      isEquality: ({ attributes: { fn } }) => fn === 'equal',
    },
    simplify: (n, uniformOf) => {
      const { neutral } = binaryFunctions[n.attributes.fn];
      if (n.dtype !== 'float32' || neutral === undefined) return n;
      const [a, b] = n.inputs;
      if (Object.is(uniformOf(a), neutral.left)) return b;
      return Object.is(uniformOf(b), neutral.right) ? a : n;
    },
    label: ({ attributes: { fn } }) => fn,
  },
  select: {
    rebuild: ({ inputs: [condition, a, b] }) => select(condition, a, b),
    derivative: ({ inputs: [condition] }, g) => [
      null,
      select(condition, g, zerosLike(g)),
      select(condition, zerosLike(g), g),
    ],
    vmap: (_, [condition, a, b], extent) => select(spread(condition, extent), spread(a, extent), spread(b, extent)),
    lowering: {
      class: 'elementwise',
      arithmetic: () => 1,
      scalar: (_, [condition, a, b], dtype) => ({ op: 'select', condition, a, b, dtype }),
    },
    used: ({ inputs }, i) => {
      const [condition, operand] = [inputs[0], inputs[i]!];
      if (i === 0) return condition;
      const zero = zerosLike(operand);
      return i === 1 ? select(condition, operand, zero) : select(condition, zero, operand);
    },
  },
  cast: {
    rebuild: (n) => (n.dtype === 'key' ? n : cast(operandOf(n), n.dtype)),
    derivative: null, // an integer or a bool is on one side
    vmap: ({ dtype }, [x]) => cast(x.node, dtype as Exclude<typeof dtype, 'key'>), // a key is not cast
    lowering: { class: 'elementwise', arithmetic: () => 1, scalar: (_, [a], dtype) => ({ op: 'cast', a, dtype }) },
  },
};
