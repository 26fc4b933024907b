import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { E } from '../../internal/fp.js';
import { evaluateDim, solveDim, symbolsIn } from './dimExpression.js';

describe('evaluateDim', () => {
  test.each([
    [28, {}, 28],
    ['28', {}, 28],
    ['B', { B: 3 }, 3],
    ['H/2', { H: 28 }, 14],
    ['2*C', { C: 5 }, 10],
    ['C+D', { C: 5, D: 7 }, 12],
    ['(C+D)/2', { C: 5, D: 7 }, 6],
    ['(H/2)/2', { H: 28 }, 7],
    ['H/2/2', { H: 28 }, 7],
    ['2*C+D/2', { C: 5, D: 8 }, 14],
    ['2*(C+1)', { C: 5 }, 12],
  ])('%s at %o is %d', (dim, bindings, extent) => {
    expect(evaluateDim(dim, bindings)).toEqual(E.right(extent));
  });

  test.each([
    ['20,000 parentheses', `${'('.repeat(20_000)}H${')'.repeat(20_000)}`, '40001'],
    ['50,000 terms', `H${'+1'.repeat(50_000)}`, '100001'],
  ])('refuses %s', (_, dim, actual) => {
    expect(evaluateDim(dim, { H: 1 })).toMatchObject(E.left({ _tag: 'ShapeError', actual }));
  });

  test('computes expressions of hundreds of operations and levels', () => {
    expect(evaluateDim(`H${'+1'.repeat(249)}`, { H: 1 })).toEqual(E.right(250));
    expect(evaluateDim(`${'('.repeat(249)}H${')'.repeat(249)}`, { H: 1 })).toEqual(E.right(1));
  });

  test('names the symbol with an odd extent', () => {
    expect(evaluateDim('H/2', { H: 7, W: 8 })).toMatchObject(
      E.left({ _tag: 'ShapeError', message: expect.stringContaining('7, with H = 7') }),
    );
  });

  test('names the unbound symbol and the bindings', () => {
    expect(evaluateDim('C+D', { C: 64 })).toMatchObject(
      E.left({ _tag: 'UnknownDim', expected: 'an extent for D', actual: 'C = 64' }),
    );
  });

  test('does not treat a property of Object.prototype as a binding', () => {
    expect(evaluateDim('constructor', {})).toMatchObject(E.left({ _tag: 'UnknownDim' }));
  });

  test.each([1.5, -2, Number.NaN])('rejects a symbol bound to %d', (B) => {
    for (const dim of ['B', '2*B'])
      expect(evaluateDim(dim, { B })).toMatchObject(E.left({ _tag: 'ShapeError', actual: `B = ${B}` }));
  });

  test.each(['', '2C', 'C/', '(C', 'C D', '-1', '1.5', 'C-1', '+'])('rejects %o', (dim) => {
    expect(evaluateDim(dim, { C: 2, D: 2 })).toMatchObject(E.left({ _tag: 'ShapeError' }));
  });

  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('rejects %d', (dim) => {
    expect(evaluateDim(dim, {})).toMatchObject(E.left({ _tag: 'ShapeError' }));
  });

  const symbol = fc.constantFrom('C', 'D', 'H');
  const { expression } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { depthSize: 'small' },
      symbol,
      fc.nat(99).map(String),
      fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `(${a}+${b})`),
      tie('expression').map((a) => `2*(${a})`),
      tie('expression').map((a) => `(${a})/2`),
    ),
  }));
  const bindings = fc.record({ C: fc.nat(99), D: fc.nat(99), H: fc.nat(99) });

  test.prop([expression, bindings])('(e+e)/2 is e, and 2*(e) is e+e', (e, bound) => {
    const value = evaluateDim(e, bound);
    if (E.isRight(value)) expect(evaluateDim(`(${e}+${e})/2`, bound)).toEqual(value);
    if (E.isRight(value)) expect(evaluateDim(`2*(${e})`, bound)).toEqual(evaluateDim(`${e}+${e}`, bound));
  });

  test.prop([expression, bindings])('depends on exactly its symbols', (e, bound) => {
    const needed = E.getOrElse((): readonly string[] => [])(symbolsIn(e));
    const only = Object.fromEntries(Object.entries(bound).filter(([name]) => needed.includes(name)));
    const [some, all] = [evaluateDim(e, only), evaluateDim(e, bound)];
    expect(E.isRight(some)).toBe(E.isRight(all));
    if (E.isRight(some)) expect(some).toEqual(all);
  });
});

describe('solveDim', () => {
  test.each([
    ['C', 64, {}, { C: 64 }],
    ['2*C', 64, {}, { C: 32 }],
    ['H/2', 14, {}, { H: 28 }],
    ['C+D', 96, { C: 64 }, { C: 64, D: 32 }],
    ['(C+1)/2', 4, {}, { C: 7 }],
    ['C+D', 96, { C: 64, D: 32 }, { C: 64, D: 32 }],
  ])('%s = %d with %o', (dim, extent, bindings, solved) => {
    expect(solveDim(dim, extent, bindings)).toEqual(E.right(solved));
  });

  test('is null if two symbols are unbound', () => {
    expect(solveDim('C+D', 96, {})).toEqual(E.right(null));
  });

  test.each([
    ['C', 63, { C: 64 }],
    ['2*C', 63, {}],
    ['C+D', 32, { C: 64 }],
    ['H/2', 2, { H: 5 }],
    ['C+H/2', 4, { H: 5 }],
    [28, 14, {}],
  ])('%s is not %d with %o', (dim, extent, bindings) => {
    expect(solveDim(dim, extent, bindings)).toMatchObject(E.left({ _tag: 'ShapeError' }));
  });
});
