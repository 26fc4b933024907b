import { fc, test } from '@fast-check/vitest';
import * as iots from 'io-ts';
import { describe, expect } from 'vitest';
import { E, t } from './fp.js';

/** A type of ours, and the same type of io-ts. */
interface Pair {
  readonly ours: t.Mixed;
  readonly theirs: t.Mixed;
}

/** Replaces a text, so that the objects and arrays around it are copied. */
const loud = new t.Type<string, string, unknown>(
  'loud',
  (x): x is string => typeof x === 'string',
  (x, context) => (typeof x === 'string' ? t.success(`${x}!`) : t.failure(x, context)),
  (x) => x,
);

const same = (type: t.Mixed): Pair => ({ ours: type, theirs: type });

const { pair } = fc.letrec<{ pair: Pair }>((tie) => ({
  pair: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(same(t.number), same(t.null), same(loud)),
    tie('pair').map(({ ours, theirs }) => ({ ours: t.array(ours), theirs: iots.array(theirs) })),
    fc.tuple(tie('pair'), tie('pair')).map(([a, b]) => ({
      ours: t.type({ a: a.ours, b: b.ours }),
      theirs: iots.type({ a: a.theirs, b: b.theirs }),
    })),
    fc.tuple(tie('pair'), tie('pair')).map(([a, b]) => ({
      ours: t.partial({ a: a.ours, b: b.ours }),
      theirs: iots.partial({ a: a.theirs, b: b.theirs }),
    })),
    fc.tuple(tie('pair'), tie('pair')).map(([a, b]) => ({
      ours: t.union([a.ours, b.ours]),
      theirs: iots.union([a.theirs, b.theirs]),
    })),
  ),
}));

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'value' },
    fc.constantFrom(null, undefined, 0, NaN, '', 'x'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.record({ a: tie('value'), b: tie('value') }, { requiredKeys: [] }),
  ),
}));

/** A result; of an error its path and its value. */
const shown = (result: t.Validation<unknown>) =>
  E.isRight(result)
    ? result
    : result.left.map((error) => [
        error.context.map(({ key }) => key).join('.'),
        error.context.at(-1)?.type.name,
        error.value,
      ]);

describe('the combinators', () => {
  test.prop([pair, value], { numRuns: 2000 })('decode and test as those of io-ts do', ({ ours, theirs }, x) => {
    expect(ours.name).toBe(theirs.name);
    expect(shown(ours.decode(x))).toEqual(shown(theirs.decode(x)));
    expect(ours.is(x)).toBe(theirs.is(x));
  });

  test.prop([pair, pair, value], { numRuns: 1000 })('intersect objects as io-ts does', (a, b, x) => {
    const ours = t.intersection([t.type({ a: a.ours }), t.partial({ b: b.ours })]);
    const theirs = iots.intersection([iots.type({ a: a.theirs }), iots.partial({ b: b.theirs })]);
    expect(ours.name).toBe(theirs.name);
    expect(E.isRight(ours.decode(x))).toBe(E.isRight(theirs.decode(x)));
    if (E.isRight(ours.decode(x))) expect(ours.decode(x)).toEqual(theirs.decode(x));
    expect(ours.is(x)).toBe(theirs.is(x));
  });

  test('return the value itself if nothing is replaced, and a copy otherwise', () => {
    const [list, spoken] = [[1, 2], { a: 'x', b: [1] }];
    expect(E.toUnion(t.array(t.number).decode(list))).toBe(list);
    expect(E.toUnion(t.type({ a: loud }).decode(spoken))).toEqual({ a: 'x!', b: [1] });
    expect(spoken.a).toBe('x');
  });

  test('refuse holes of an array, and report any number of errors', () => {
    const holed: unknown[] = [];
    holed[1] = 1;
    expect(shown(t.array(t.number).decode(holed))).toEqual([['.0', 'number', undefined]]);
    const many = t.type({ a: t.array(t.null) }).decode({ a: Array.from({ length: 300_000 }, () => 1) });
    expect(E.isLeft(many) && many.left.length).toBe(300_000);
  });
});
