import type { Rules } from '../primitive.js';
import { constant, deriveKey, random } from '../source.js';

/** The rules of a node without tensor operands: it has no derivative and is the same for all examples. */
const LEAF = { derivative: null, vmap: null } as const;

export const sourceRules: Rules<'input' | 'constant' | 'iota' | 'deriveKey' | 'random'> = {
  input: { rebuild: (n) => n, ...LEAF, lowering: { class: 'source', data: null }, isUnique: true },
  constant: {
    rebuild: ({ attributes: { data }, shape, dtype }) => constant(data, shape, dtype),
    ...LEAF,
    lowering: { class: 'source', data: ({ attributes: { data } }) => data },
  },
  iota: {
    rebuild: (n) => n,
    ...LEAF,
    lowering: {
      class: 'elementwise',
      arithmetic: () => 0,
      scalar: ({ attributes: { axis } }, _, dtype) => ({ op: 'index', axis, dtype }),
    },
  },
  deriveKey: {
    rebuild: ({ inputs: [key], attributes: { words } }) => deriveKey(key, words),
    ...LEAF,
    lowering: { class: 'key', words: ({ attributes: { words } }) => words },
  },
  random: {
    rebuild: ({ inputs: [key], attributes: { distribution }, shape }) => random(distribution, key, shape),
    ...LEAF,
    lowering: { class: 'random', distribution: ({ attributes: { distribution } }) => distribution },
    label: ({ attributes: { distribution } }) => distribution,
  },
};
