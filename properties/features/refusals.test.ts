/** Errors of operations whose operands do not match, if the types do not know the extents. */
import { describe, expect, test } from 'vitest';
import { attempt, type NoisefoldError } from '../../src/internal/errors.js';
import { type Node, node } from '../../src/dsl/graph/node.js';
import { E } from '../../src/internal/fp.js';
import { features } from './all.js';
import type { Case, Operand } from './feature.js';

type Declared = Pick<Operand, 'shape' | 'dtype'>;

/** The operand with one element more or fewer along one of its axes. */
const othersOf = ({ shape, dtype }: Operand): readonly Declared[] =>
  [1, -1].flatMap((count) =>
    shape.map((_, axis) => ({ shape: shape.map((d, i) => (i === axis ? d + count : d)), dtype })),
  );

const nodesOf = (operands: readonly Declared[]): readonly Node[] =>
  operands.map(({ shape, dtype }, i) => node('input', [], { path: `x${i}` }, shape, dtype));

/** The errors for each operand that is wrong along one axis. */
const refusalsOf = ({ operands, build }: Case): readonly NoisefoldError[] =>
  operands
    .flatMap((operand, i) => othersOf(operand).map((other) => operands.map((o, j) => (i === j ? other : o))))
    .flatMap((given) => {
      const result = attempt(() => build(nodesOf(given)));
      return E.isLeft(result) ? [result.left] : [];
    });

const refusing = features.map(({ name, cases }) => ({
  name,
  takesSeveral: cases.some(({ operands }) => operands.filter(({ dtype }) => dtype !== 'key').length > 1),
  refusals: cases.flatMap(refusalsOf),
}));

describe('an operand of another extent is accepted, or the error names the operation', () => {
  test.each(refusing.filter(({ refusals }) => refusals.length > 0))('$name', ({ name, refusals }) => {
    for (const { _tag, where, hint } of refusals) {
      expect(_tag).toBe('ShapeError');
      expect(where.split(/[ ,]/)[0]).toBe(name);
      expect(hint).not.toBe('');
    }
  });

  test('every operation of several operands refuses some wrong extents, except those that take any number of indices', () => {
    const silent = refusing.filter(({ takesSeveral, refusals }) => takesSeveral && refusals.length === 0);
    expect(silent.map(({ name }) => name)).toEqual(['gather', 'take']);
  });
});
