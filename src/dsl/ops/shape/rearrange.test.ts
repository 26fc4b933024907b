import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import { expectOperation, floats } from '../../../../properties/expectOperation.js';
import { E, F } from '../../../internal/fp.js';
import { attempt } from '../../../internal/errors.js';
import { dims, type Shape, type Tensor } from '../../graph/tensor.js';
import { constantOf, zeros } from '../constants.js';
import { rearrange } from './rearrange.js';

const counted = (length: number): readonly number[] => Array.from({ length }, (_, i) => i);
const sizeOf = (extents: readonly number[]): number => extents.reduce((a, b) => a * b, 1);

/** A side of a pattern: groups of names. */
type Side = readonly (readonly string[])[];
type Sizes = Readonly<Record<string, number>>;

const written = (side: Side): string =>
  side.map((names) => (names.length === 1 ? names[0] : `(${names.join(' ')})`)).join(' ');

/** The definition by einops: moves each element from its index on the left to its index on the right. */
const rearranged = (x: readonly number[], left: Side, right: Side, sizes: Sizes): readonly number[] => {
  const result = Array.from({ length: x.length }, () => NaN);
  const place = (names: readonly string[], at: Sizes): number =>
    names.reduce((sum, name) => sum * sizes[name]! + at[name]!, 0);
  const walk = (names: readonly string[], at: Sizes): void => {
    const [name, ...rest] = names;
    if (name === undefined) result[place(right.flat(), at)] = x[place(left.flat(), at)]!;
    else for (let i = 0; i < sizes[name]!; i++) walk(rest, { ...at, [name]: i });
  };
  walk(left.flat(), {});
  return result;
};

/** Splits names into groups: each name starts a new group or joins the last one. */
const grouped = (names: readonly string[], joins: readonly boolean[]): Side =>
  names.reduce<(readonly string[])[]>(
    (side, name, i) =>
      joins[i]! && side.length > 0 ? [...side.slice(0, -1), [...side.at(-1)!, name]] : [...side, [name]],
    [],
  );

const patterns = fc
  .subarray(['a', 'B', 'c_1', 'D', 'e'], { minLength: 1 })
  .chain((names) =>
    fc.record({
      left: fc.tuple(fc.shuffledSubarray(names, { minLength: names.length }), fc.array(fc.boolean(), { minLength: 5, maxLength: 5 })),
      right: fc.tuple(fc.shuffledSubarray(names, { minLength: names.length }), fc.array(fc.boolean(), { minLength: 5, maxLength: 5 })),
      extents: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 5, maxLength: 5 }),
    }),
  )
  .map(({ left, right, extents }) => ({
    left: grouped(...left),
    right: grouped(...right),
    sizes: Object.fromEntries(left[0].map((name, i) => [name, extents[i]!])),
  })); // oxfmt-ignore

describe('rearrange', () => {
  test('equals a loop over all elements', async () => {
    await fc.assert(
      fc.asyncProperty(patterns, async ({ left, right, sizes }) => {
        const shape = left.map((names) => sizeOf(names.map((name) => sizes[name]!)));
        const x = counted(sizeOf(shape));
        // all sizes except for the last axis of each group
        const given = Object.fromEntries(left.flatMap((names) => names.slice(0, -1).map((name) => [name, sizes[name]!]))); // oxfmt-ignore
        const pattern = `${written(left)} -> ${written(right)}`;
        const build = () => rearrange(constantOf(x, ...shape) as Tensor<Shape>, pattern, given);
        expect(dims(build())).toEqual(right.map((names) => sizeOf(names.map((name) => sizes[name]!))));
        expect(await numbersOf(build)).toEqual(rearranged(x, left, right, sizes));
      }),
      { numRuns: 100 },
    );
  });

  test('its gradient is the inverse', async () => {
    await expectOperation(
      (x: Tensor<[2, 3, 4]>) => rearrange(x, 'B H (N D) -> (B N) D H', { N: 2 }),
      [floats(counted(24), 2, 3, 4)],
      rearranged(counted(24), [['B'], ['H'], ['N', 'D']], [['B', 'N'], ['D'], ['H']], {
        B: 2,
        H: 3,
        N: 2,
        D: 2,
      }),
    );
  });

  test.each<[string, Tensor<Shape>, string, Sizes, readonly number[]]>([
    ['an axis of 1 is dropped', zeros(2, 1, 3), 'B 1 C -> B C', {}, [2, 3]],
    ['an axis of 1 is inserted', zeros(2, 3), 'B C -> 1 B 1 C', {}, [1, 2, 1, 3]],
    ['() is an axis of 1', zeros(2, 1, 3), 'B () C -> () B C', {}, [1, 2, 3]],
    ['1 in a group', zeros(2, 3), 'B (1 C) -> (B 1) C', {}, [2, 3]],
    ['... moves as a whole', zeros(2, 3, 4, 5), '... C -> C ...', {}, [5, 2, 3, 4]],
    ['... between axes', zeros(2, 3, 4, 5), 'B ... C -> B C ...', {}, [2, 5, 3, 4]],
    ['... of no axes', zeros(2, 5), 'B ... C -> C ... B', {}, [5, 2]],
    ['... is merged', zeros(2, 3, 4, 5), 'B ... C -> B (...) C', {}, [2, 12, 5]],
    ['... of no axes is merged to 1', zeros(2, 5), 'B ... C -> B (...) C', {}, [2, 1, 5]],
    ['all axes of a group have sizes', zeros(2, 6), 'B (N D) -> B N D', { N: 2, D: 3 }, [2, 2, 3]],
    ['the size of a whole axis', zeros(2, 6), 'B C -> C B', { C: 6 }, [6, 2]],
    ['spaces do not matter', zeros(2, 6), '  B ( N D )->N  (B D)', { N: 3 }, [3, 4]],
    ['a scalar', zeros(), ' -> 1', {}, [1]],
    ['an axis called constructor', zeros(2, 6), 'B constructor -> constructor B', {}, [6, 2]],
    ['no elements', zeros(0, 6), 'B (N D) -> (B N) D', { N: 2 }, [0, 3]],
  ])('%s', (_, x, pattern, sizes, shape) => {
    expect(dims(rearrange(x, pattern, sizes))).toEqual(shape);
    expect(dims(F.pipe(x, rearrange(pattern, sizes)))).toEqual(shape);
  });

  test.each<[string, string, Sizes, string]>([
    ['no arrow', 'B H C', {}, 'one arrow'],
    ['two arrows', 'B -> C -> D', {}, 'one arrow'],
    ['an axis that is not on the right', 'B H C -> B H', {}, 'the same axes on both sides'],
    ['an axis that is not on the left', 'B H C -> B H C D', {}, 'the same axes on both sides'],
    ['an axis twice', 'B B C -> B C', {}, 'each axis once'],
    ['an axis twice on the right', 'B H C -> B H C C', {}, 'each axis once'],
    ['a parenthesis that is not closed', 'B (H C -> B H C', {}, 'pairs of parentheses'],
    ['a parenthesis that is not opened', 'B H C) -> B H C', {}, 'pairs of parentheses'],
    ['a parenthesis in another', 'B (H (C)) -> B H C', {}, 'pairs of parentheses'],
    ['a number other than 1', 'B 2 C -> B C 2', {}, 'names of axes'],
    ['... in a group on the left', 'B (... C) -> B ... C', { C: 2 }, '... outside of parentheses'],
    ['... alone in a group on the left', 'B (...) C -> B ... C', {}, '... outside of parentheses'],
    ['... on one side', 'B ... C -> B C', {}, 'the same axes on both sides'],
    ['a size of an unknown axis', 'B H C -> B C H', { K: 2 }, 'sizes of B, H, C'],
    ['a negative size', 'B H (N C) -> B H N C', { N: -2 }, 'an integer ≥ 0'],
    ['half a size', 'B H (N C) -> B H N C', { N: 0.5 }, 'an integer ≥ 0'],
  ])('rejects %s, and repeats the pattern', (_, pattern, sizes, expected) => {
    const result = attempt(() => rearrange(zeros(2, 3, 6) as Tensor<Shape>, pattern, sizes));
    expect(result).toMatchObject(E.left({ _tag: 'ConfigError' }));
    expect(E.isLeft(result) && result.left.message).toContain(pattern);
    expect(E.isLeft(result) && result.left.expected).toContain(expected);
  });

  test.each<[string, string, Sizes, string]>([
    ['another rank', 'B C -> C B', {}, 'expected rank 2, got [2, 3, 6]'],
    ['fewer axes than ... needs', 'B H C D ... -> ... B H C D', {}, 'expected rank 4 or more, got [2, 3, 6]'],
    ['an axis that is not 1', 'B 1 C -> B C', {}, 'expected an axis of extent 1, got axis 1 = 3 in [2, 3, 6]'],
    ['a size that does not divide', 'B H (N D) -> B H N D', { N: 4 }, 'expected (N D) = a multiple of 4, N = 4, got axis 2 = 6 in [2, 3, 6]'],
    ['a size of 0', 'B H (N D) -> B H N D', { N: 0 }, 'expected (N D) = a multiple of 0, N = 0'],
    ['sizes that give another extent', 'B H (N D) -> B H N D', { N: 2, D: 2 }, 'expected (N D) = 4, N = 2, D = 2, got axis 2 = 6'],
    ['another size of an axis', 'B H C -> C H B', { H: 4 }, 'expected H = 4, got axis 1 = 3'],
    ['two axes without sizes', 'B H (N D) -> B H N D', {}, 'expected sizes for all but one axis of (N D)'],
  ])('rejects %s', (_, pattern, sizes, message) => {
    const result = attempt(() => rearrange(zeros(2, 3, 6) as Tensor<Shape>, pattern, sizes));
    expect(result).toMatchObject(E.left({ _tag: 'ShapeError', where: `rearrange '${pattern}'` }));
    expect(E.isLeft(result) && result.left.message).toContain(message);
  }); // oxfmt-ignore
});
