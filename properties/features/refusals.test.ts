/** What operations say of operands that do not fit, where their types did not know the extents. */
import { describe, expect, test } from 'vitest';
import { attempt, type NoisefoldError } from '../../src/dsl/errors.js';
import { type Node, node } from '../../src/dsl/node.js';
import { E } from '../../src/internal/fp.js';
import { features } from './all.js';
import type { Feature, Operand } from './feature.js';

type Declared = Pick<Operand, 'shape' | 'dtype'>;

/** The operand with one element more, or one fewer, along one of its axes. */
const othersOf = ({ shape, dtype }: Operand): readonly Declared[] =>
  [1, -1].flatMap((count) =>
    shape.map((_, axis) => ({ shape: shape.map((d, i) => (i === axis ? d + count : d)), dtype })),
  );

const nodesOf = (operands: readonly Declared[]): readonly Node[] =>
  operands.map(({ shape, dtype }, i) => node('input', [], { path: `x${i}` }, shape, dtype));

/** What is said of each way to get one operand wrong. */
const refusalsOf = ({ operands, build }: Feature): readonly NoisefoldError[] =>
  operands
    .flatMap((operand, i) => othersOf(operand).map((other) => operands.map((o, j) => (i === j ? other : o))))
    .flatMap((given) => {
      const made = attempt(() => build(nodesOf(given)));
      return E.isLeft(made) ? [made.left] : [];
    });

const refusing = features.map((feature) => ({
  ...feature,
  refusals: refusalsOf(feature),
}));

describe('an operand with another extent is accepted, or the message names the operation', () => {
  test.each(refusing.filter(({ refusals }) => refusals.length > 0))('$name', ({ name, refusals }) => {
    for (const { _tag, where, hint } of refusals) {
      expect(_tag).toBe('ShapeError');
      expect(where.split(/[ ,]/)[0]).toBe(name);
      expect(hint).not.toBe('');
    }
  });

  test('all of several operands refuse something, but for those that pick rows by any number of indices', () => {
    const silent = refusing.filter(
      ({ operands, refusals }) =>
        operands.filter(({ dtype }) => dtype !== 'key').length > 1 && refusals.length === 0,
    );
    expect(silent.map(({ name }) => name)).toEqual(['gather', 'take']);
  });
});
