import { fc, test } from '@fast-check/vitest';
import { describe, expect, expectTypeOf } from 'vitest';
import { aboveZero, decode, decay, explained, finite, hinted, oneOf, positive } from './decode.js';
import { reportOf } from './decodeTesting.js';
import { failure } from './errors.js';
import { E, F, t } from './fp.js';
import { partLike } from './parts.js';
import { argument, optional, type OptionsOf, record, schema } from './schema.js';

describe('record', () => {
  const codec = record({ a: finite, b: optional(t.string) });

  test('accepts its fields, with or without the optional ones', () => {
    expect(decode(codec)({ a: 1 })).toEqual(E.right({ a: 1 }));
    expect(decode(codec)({ a: 1, b: 'x' })).toEqual(E.right({ a: 1, b: 'x' }));
  });

  test.prop([fc.string().filter((name) => name !== 'a' && name !== 'b')])('rejects any other field', (name) => {
    const value: unknown = JSON.parse(`{"a":1,${JSON.stringify(name)}:2}`);
    expect(reportOf(codec, value)).toMatch(/: expected one of the fields a, b, got an unknown field$/);
    expect(codec.is(value)).toBe(false);
  });

  test('accepts only an empty object if it has no fields', () => {
    expect(reportOf(record({}), { a: 1 })).toBe('a: expected no fields, got an unknown field');
  });

  test.each([
    [{ B: 'x' }, 'B: expected one of the fields a, b, got an unknown field; did you mean b?'],
    [{ a: 1, c: 1 }, 'c: expected one of the fields a, b, got an unknown field; hint'],
    [{}, 'a: expected a finite number, got nothing; hint'],
    [{ a: 1, [`b"${'b'.repeat(100)}`]: 1 }, '"b\\"'],
  ])('%j: reports an unknown field by name, before a missing one', (value, report) => {
    const told = F.pipe(decode(codec)(value), E.mapLeft(explained('', 'hint')));
    const { where = '', expected, actual, hint } = E.isLeft(told) ? told.left : {};
    expect(`${where.replace('.', '')}: expected ${expected}, got ${actual}; ${hint}`).toContain(report);
  });

  test.each([
    [{ images: 1, strenght: 1 }, 'strenght: expected one of the fields images, strength, got an unknown field'],
    [{ images: 1, strength: 'x' }, 'strength: expected a finite number, got "x"'],
    [{ images: 1 }, 'strength: expected a finite number, got nothing'],
    [{ noise: 'x' }, 'noise: expected a finite number, got "x"'],
    [{ nosie: 1 }, 'nosie: expected the field noise, got an unknown field'],
    [3, ': expected { images, strength }, or { noise }, got 3'],
  ])('%j: reports the nearest of several alternatives', (value, report) => {
    const either = t.union(
      [record({ images: finite, strength: finite }), record({ noise: finite })],
      '{ images, strength }, or { noise }',
    );
    expect(reportOf(either, value)).toBe(report);
    expect(reportOf(t.type({ from: either, other: finite }), { from: value })).toBe(
      `from${report.startsWith(':') ? '' : '.'}${report}`,
    );
  });

  test('checks the types of optional fields', () => {
    expect(reportOf(codec, { a: 1, b: 2 })).toBe('b: expected string, got 2');
  });

  test('decodes fields whose codec transforms them', () => {
    const length = new t.Type<number, string>(
      'length',
      t.number.is,
      (value, context) => (typeof value === 'string' ? t.success(value.length) : t.failure(value, context)),
      (n) => 'x'.repeat(n),
    );
    const transformed = record({ n: length, m: optional(length) });
    expect(decode(transformed)({ n: 'xx', m: 'x' })).toEqual(E.right({ n: 2, m: 1 }));
  });

  test.prop([fc.anything()])('never throws', (value) => {
    expect(E.isLeft(decode(codec)(value)) || codec.is(value)).toBe(true);
  });
});

describe('schema', () => {
  const options = schema('blur', {
    /** The width. */
    width: aboveZero,
    share: optional(decay, 0.9),
    kind: optional(oneOf('box', 'tent'), 'box'),
    taps: optional(record({ count: optional(positive, 3), note: optional(t.string) })),
    most: optional(hinted(aboveZero, '100 is usual')),
  })
    .rule(({ width, most }) =>
      most !== undefined && most < width
        ? { field: 'most', expected: `a number ≥ width ${width}`, hint: 'give a larger one, or none' }
        : null,
    )
    .elsewhere(['shares', 'angle'], 'give it to rotate');
  const messageOf = (given: unknown): string =>
    E.match(
      ({ message }: { readonly message: string }) => message,
      () => 'accepted',
    )(options.decode(given));

  test('adds the defaults, also for options that are undefined, and in records of options', () => {
    expect(options.demand({ width: 2, kind: undefined, taps: {} })).toEqual({
      width: 2,
      share: 0.9,
      kind: 'box',
      taps: { count: 3 },
    });
    const given = Object.freeze({ width: 2, share: 0.5, kind: 'tent' });
    expect(options.demand(given)).toEqual(given);
  });

  test('types: what a caller writes, and what a function gets', () => {
    expectTypeOf<OptionsOf<typeof options>>().toExtend<{
      readonly width: number;
      readonly share?: number;
      readonly kind?: 'box' | 'tent';
      readonly most?: number;
    }>();
    expectTypeOf({ width: 1 }).toExtend<OptionsOf<typeof options>>();
    const { share, kind, most } = options.demand({ width: 1 });
    expectTypeOf(share).toEqualTypeOf<number>();
    expectTypeOf(kind).toEqualTypeOf<'box' | 'tent'>();
    expectTypeOf(most).toEqualTypeOf<number | undefined>();
  });

  test.each([
    [undefined, 'blur.width: expected a finite number above 0, got nothing; give width'],
    [null, 'blur: expected { width, share, kind, taps, most }, got null; give the options as one object'],
    [{ width: 0 }, 'blur.width: expected a finite number above 0, got 0; change width'],
    [{ width: 1, widht: 2 }, 'blur.widht: expected one of the fields width, share, kind, taps, most, got an unknown field; did you mean width, which is given too?'],
    [{ width: 1, depth: 2 }, 'blur.depth: expected one of the fields width, share, kind, taps, most, got an unknown field; leave it out'],
    [{ width: 1, shares: 2 }, 'blur.shares: expected one of the fields width, share, kind, taps, most, got an unknown field; give it to rotate'],
    [{ width: 1, taps: { angle: 1 } }, 'blur.taps.angle: expected one of the fields count, note, got an unknown field; leave it out'],
    [{ widht: 2 }, 'blur.widht: expected one of the fields width, share, kind, taps, most, got an unknown field; did you mean width?'],
    [{ width: 1, share: 1 }, 'blur.share: expected a decay in [0, 1), got 1; 0.9 and 0.999 are usual'],
    [{ width: 1, most: -1 }, 'blur.most: expected a finite number above 0, got -1; 100 is usual'],
    [{ width: 1, kind: 'cone' }, "blur.kind: expected 'box' or 'tent', got \"cone\"; change kind"],
    [{ width: 1, taps: { count: 0 } }, 'blur.taps.count: expected an integer ≥ 1, got 0; change taps.count'],
    [{ width: 3, most: 2 }, 'blur.most: expected a number ≥ width 3, got 2; give a larger one, or none'],
    [{ width: E.right(1) }, 'blur.width: expected a finite number above 0, got an Either; take the value out of it by unwrap or E.flatMap'],
    [E.right({ width: 1 }), 'blur: expected { width, share, kind, taps, most }, got an Either; take the value out of it by unwrap or E.flatMap'],
    [Promise.resolve({ width: 1 }), 'blur: expected { width, share, kind, taps, most }, got a promise; await it'],
    [{ width: 1, most: Promise.resolve(1) }, 'blur.most: expected a finite number above 0, got a promise; await it'],
  ])('%j is refused at its field', (given, message) => {
    expect(messageOf(given)).toBe(message);
    expect(() => options.demand(given)).toThrow(message);
  }); // oxfmt-ignore
});

test('an argument is refused by the name of its place', () => {
  const width = argument('blur: width', hinted(aboveZero, '1 is usual'));
  expect(width.demand(2)).toBe(2);
  expect(width.decode(0)).toEqual(
    E.left(
      failure('ConfigError', {
        where: 'blur: width',
        expected: 'a finite number above 0',
        actual: '0',
        hint: '1 is usual',
      }),
    ),
  );
  const image = partLike('an image', '{ data, shape }', 'data', 'shape');
  expect(() => argument('blur: image', image).demand({ data: [] })).toThrow(
    'blur: image: expected an image, with its shape, got an object; give { data, shape }',
  );
  expect(() => argument('blur: images', t.array(image)).demand([3])).toThrow(
    'blur: images.0: expected an image, got 3; give { data, shape }',
  );
  expect(() => argument('blur', t.string).demand(undefined)).toThrow(
    'blur: expected string, got nothing; the type of the argument says what it takes',
  );
});
