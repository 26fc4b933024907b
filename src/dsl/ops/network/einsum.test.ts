import { describe, expect, test } from 'vitest';
import { expectOperation, floats } from '../../../../properties/expectOperation.js';
import { E } from '../../../internal/fp.js';
import { attempt } from '../../../internal/errors.js';
import { type Dim, dims, type Shape, type Tensor } from '../../graph/tensor.js';
import { iota, ones, zeros } from '../constants.js';
import { einsum } from './einsum.js';

const EXTENTS: Readonly<Record<string, number>> = { a: 2, b: 2, i: 3, j: 2, k: 4 };
const shapeOf = (letters: string): readonly number[] => [...letters].map((letter) => EXTENTS[letter]!);
const size = (letters: string): number => shapeOf(letters).reduce((n, d) => n * d, 1);
const numbers = (count: number, seed: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => ((i * 7 + seed) % 11) / 4 - 1);

/** The definition: a loop over each letter. */
const looped = (equation: string, ...operands: readonly (readonly number[])[]): readonly number[] => {
  const [left, result] = equation.split('->') as [string, string];
  const words = left.split(',');
  const letters = [...new Set(left.replace(',', ''))];
  const out = Array.from({ length: size(result) }, () => 0);
  const at = (word: string, place: Readonly<Record<string, number>>): number =>
    [...word].reduce((flat, letter) => flat * EXTENTS[letter]! + place[letter]!, 0);
  for (let n = 0; n < size(letters.join('')); n++) {
    let rest = n;
    const place: Record<string, number> = {};
    for (const letter of letters) {
      place[letter] = rest % EXTENTS[letter]!;
      rest = Math.floor(rest / EXTENTS[letter]!);
    }
    out[at(result, place)]! += words.reduce((p, word, i) => p * operands[i]![at(word, place)]!, 1);
  }
  return out;
};

/** einsum with an equation that is known only at run time. */
const untyped = einsum as (...args: readonly (Tensor<Shape> | string)[]) => Tensor<Shape>;

describe('einsum', () => {
  test.each([
    'ij->ji',
    'ij->i',
    'ij->',
    'ijk->kj',
    'i->i',
    'ij,jk->ik',
    'ij,jk->ki',
    'bij,bjk->bik',
    'ij,j->i',
    'i,j->ij',
    'i,i->',
    'i,i->i',
    'ij,ij->ji',
    'bij,bkj->kb',
    'abi,bak->iabk',
    'ij,k->j',
    ',i->i',
  ])('%s', async (equation) => {
    // oxfmt-ignore
    const words = equation.split('->')[0]!.split(',');
    const operands = words.map((word, i) => numbers(size(word), i + 1));
    await expectOperation(
      (...xs: readonly Tensor<Shape>[]) => untyped(...xs, equation),
      operands.map((data, i) => ({ ...floats(data), shape: shapeOf(words[i]!) })),
      looped(equation, ...operands),
    );
  });

  test('an empty sum is 0', () => {
    expect(dims(einsum(zeros(2, 0), zeros(0, 3), 'ij,jk->ik'))).toEqual([2, 3]);
  });

  test('a letter has one extent, also if it is known only at run time', () => {
    const wide = ones(3, 4) as Tensor<[Dim, Dim]>;
    expect(attempt(() => einsum(ones(2, 5), wide, 'ij,jk->ik'))).toMatchObject(
      E.left({ _tag: 'ShapeError', where: expect.stringContaining('arg 2') }),
    );
    const whole = iota(3) as unknown as Tensor<[3]>;
    expect(attempt(() => einsum(whole, 'i->'))).toMatchObject(E.left({ _tag: 'DTypeError' }));
  });

  test.each(['ij', 'ij->i->j', 'i,j,k->i', 'ii->i', 'ij->k', 'ij->ii', 'i j->j i', 'i1->i', '...i->i'])(
    'rejects %s',
    (equation) => {
      expect(attempt(() => untyped(equation))).toMatchObject(
        E.left({ _tag: 'ConfigError', where: 'einsum', actual: `'${equation}'` }),
      );
    },
  );
});
