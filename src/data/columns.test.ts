import { describe, expect, test } from 'vitest';
import type { HostCondition, HostConditions } from '../conditions/hostValues.js';
import type { ConditionSpec } from '../conditions/conditions.js';
import { columnsOf, rowsAt } from './columns.js';

const where = 'sample';
/** The column of a condition `style`. */
const column = (spec: ConditionSpec, values: unknown, names?: readonly string[]) =>
  columnsOf({ where, names: names && { style: names } }, { style: spec }, { style: values as HostCondition })['style']!;

describe('values on the host become arrays of all samples:', () => {
  test('classes by number, by name and null, which is the number of classes', () => {
    const spec = { classes: 3, names: ['long', 'short', 'none'] };
    expect(column(spec, ['none', 0, null, 'long'])).toEqual({
      count: 4,
      value: { data: Int32Array.of(2, 0, 3, 0), shape: [4] },
    });
    expect(column({ classes: 2 }, ['b', 'a'], ['a', 'b']).value).toEqual({ data: Int32Array.of(1, 0), shape: [2] });
    expect(column({ classes: 2 }, Int32Array.of(1)).value).toEqual({ data: Int32Array.of(1), shape: [1] });
  });

  test('classes by number in the names of the data, which may have another order than those of the model', () => {
    const spec = { classes: 3, names: ['long', 'short', 'none'] };
    const ofData = (value: number | string, data = ['none', 'length']) =>
      columnsOf({ where, names: { style: data }, numbersByNames: true }, { style: spec }, { style: [value] });
    expect(ofData(0)['style']!.value).toEqual({ data: Int32Array.of(2), shape: [1] });
    expect(ofData('short')['style']!.value).toEqual({ data: Int32Array.of(1), shape: [1] });
    expect(() => ofData('length')).toThrow('expected a class: long, short, none, got "length"');
    expect(() => ofData(2)).toThrow(
      'style of sample 0: expected a class of the data, 0 to 1, got 2; classes are numbered from 0',
    );
  });

  test('vectors, one by one or together; null is a vector of zeros', () => {
    const together = { data: Float64Array.of(0.5, 1, -2, 3), shape: [2, 2] };
    expect(column({ vector: 2 }, together)).toEqual({
      count: 2,
      value: { data: Float32Array.of(0.5, 1, -2, 3), shape: [2, 2] },
    });
    expect(column({ vector: 2 }, [[1, 2], null, Float32Array.of(3, 4)]).value).toEqual({
      data: Float32Array.of(1, 2, 0, 0, 3, 4),
      shape: [3, 2],
    });
  });

  test('tokens of different numbers, with padding; null is no token', () => {
    const tokens = [{ data: [1, 2], shape: [1, 2] }, null, { data: [3, 4, 5, 6], shape: [2, 2] }];
    expect(column({ tokens: 2, length: 3 }, tokens)).toEqual({
      count: 3,
      value: {
        tokens: { data: Float32Array.of(1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 4, 5, 6, 0, 0), shape: [3, 3, 2] },
        mask: { data: Uint8Array.of(1, 0, 0, 0, 0, 0, 1, 1, 0), shape: [3, 3] },
      },
    });
  });

  test('tokens together, with a mask of their own; without one each is a token', () => {
    const tokens = { data: [1, 2, 3, 4], shape: [2, 2, 1] };
    const masked = (mask?: readonly (boolean | number)[]) =>
      (column({ tokens: 1, length: 3 }, { ...tokens, ...(mask && { mask }) }).value as { readonly mask: object }).mask;
    expect(masked([true, false, 1, 1])).toEqual({ data: Uint8Array.of(1, 0, 0, 1, 1, 0), shape: [2, 3] });
    expect(masked()).toEqual({ data: Uint8Array.of(1, 1, 0, 1, 1, 0), shape: [2, 3] });
  });

  test('images, with the timestep of their noise', () => {
    const images = { data: [0.5, -1], shape: [1, 1, 2, 1] };
    const image = { data: Float32Array.of(0.5, -1), shape: [1, 1, 2, 1] };
    expect(column({ image: 1 }, images)).toEqual({ count: 1, value: { image } });
    expect(column({ image: 1, noiseLevel: true }, { ...images, t: 7 })).toEqual({ count: 1, value: { image }, t: 7 });
  });

  test('rows are taken by position; a column of one sample serves all', () => {
    const columns = columnsOf(
      { where },
      { hair: { classes: 9 }, words: { tokens: 1, length: 2 }, palette: { vector: 2 } },
      { hair: [5, null, 7], words: { data: [1, 2, 3], shape: [3, 1, 1] }, palette: [[1, 2]] },
    );
    expect(rowsAt(columns, [2, 1])).toEqual({
      hair: { count: 2, value: { data: Int32Array.of(7, 9), shape: [2] } },
      words: {
        count: 2,
        value: {
          tokens: { data: Float32Array.of(3, 0, 2, 0), shape: [2, 2, 1] },
          mask: { data: Uint8Array.of(1, 0, 1, 0), shape: [2, 2] },
        },
      },
      palette: { count: 2, value: { data: Float32Array.of(1, 2, 1, 2), shape: [2, 2] } },
    });
  });
});

const hair: ConditionSpec = { classes: 3, names: ['long', 'short', 'none'] };
const vector: ConditionSpec = { vector: 2 };
const tokens: ConditionSpec = { tokens: 2, length: 2 };
const image: ConditionSpec = { image: 3 };
const noisy: ConditionSpec = { image: 1, noiseLevel: true };
const one = { data: [0], shape: [1, 1, 1, 1] };

test.each<[string, ConditionSpec, unknown, string]>([
  ['a misspelt name', hair, ['long', 'shrot'], 'sample: style of sample 1: expected a class: long, short, none, got "shrot"; did you mean short?'],
  ['a name like no other', hair, ['bald'], 'sample: style of sample 0: expected a class: long, short, none, got "bald"; give the number or the name of a class'],
  ['a name where there are no names', { classes: 3 }, ['long'], 'sample: style of sample 0: expected a number, because there are no names of classes, got "long"; give its number, or name the classes in the model: conditions: { style: data.names.style }'],
  ['a class too many', hair, [0, 3], 'sample: style of sample 1: expected a class of the model, 0 to 2, got 3; classes are numbered from 0; null means no class'],
  ['a negative class', hair, [-1], 'sample: style of sample 0: expected a class of the model, 0 to 2, got -1; give other classes, or make the model with more'],
  ['a fractional class', hair, [0.5], 'sample: style of sample 0: expected a class of the model, 0 to 2, got 0.5'],
  ['nothing as a class', hair, [undefined], 'sample: style of sample 0: expected a class of the model, 0 to 2, got nothing'],
  ['classes as numbers with a shape', hair, one, 'sample: conditions.style: expected the class of each sample, in an array, got an object'],
  ['a vector of another length', vector, [[1, 2], [1]], 'sample: style of sample 1: expected 2 numbers, or null for none, got 1 numbers'],
  ['a number as a vector', vector, [1, 2], 'sample: style of sample 0: expected 2 numbers, or null for none, got 1'],
  ['vectors of another length', vector, { data: [1, 2, 3], shape: [1, 3] }, 'sample: conditions.style: expected vectors [n, 2], or a vector of each sample in an array, got 3 numbers of [1, 3]'],
  ['vectors with numbers missing', vector, { data: [1, 2, 3], shape: [2, 2] }, 'sample: conditions.style: expected vectors [n, 2], or a vector of each sample in an array, got 3 numbers of [2, 2]'],
  ['a vector beyond float32', vector, [[0, 1], [2, 1e39]], 'sample: style of sample 1: expected finite numbers of float32, got 1e+39 at number 1'],
  ['a text in a vector', vector, [['1', 2]], 'sample: style of sample 0: expected finite numbers of float32, got 1 at number 0'],
  ['too many tokens', tokens, [null, { data: [0, 0, 0, 0, 0, 0], shape: [3, 2] }], 'sample: style of sample 1: expected at most 2 tokens, got 3; cut them, or make the model with a greater length'],
  ['tokens of another size', tokens, [{ data: [0, 0, 0], shape: [1, 3] }], 'sample: style of sample 0: expected tokens [N, 2], or null for none, got 3 numbers of [1, 3]'],
  ['too many tokens together', tokens, { data: new Float32Array(6), shape: [1, 3, 2] }, 'sample: style of sample 0: expected at most 2 tokens, got 3'],
  ['tokens together of another size', tokens, { data: [0, 0, 0], shape: [1, 1, 3] }, 'sample: conditions.style: expected tokens [n, N, 2], or the tokens of each sample in an array, got 3 numbers of [1, 1, 3]'],
  ['a mask of another length', tokens, { data: [0, 0, 0, 0], shape: [2, 1, 2], mask: [true] }, 'sample: conditions.style.mask: expected 2 booleans, [2, 1], got 1; give true for a token and false for padding'],
  ['images of other channels', image, one, 'sample: conditions.style: expected images [n, height, width, 3], got 1 numbers of [1, 1, 1, 1]'],
  ['images in a list', image, [one], 'sample: conditions.style: expected images [n, height, width, 3], got an array of 1'],
  ['bytes', { image: 1 }, { data: Uint8Array.of(1), shape: [1, 1, 1, 1] }, 'sample: conditions.style.data: expected numbers in a Float32Array, got a Uint8Array'],
  ['an image out of range', { image: 1 }, { data: [0, 2], shape: [2, 1, 1, 1] }, 'sample: style of sample 1: expected finite numbers in [-1, 1], got 2 at number 0'],
  ['a noise level that the model does not take', { image: 1 }, { ...one, t: 1 }, 'sample: conditions.style.t: expected no t: the model takes no noise level, got 1'],
  ['no noise level', noisy, one, 'sample: conditions.style.t: expected t, the timestep of the noise to add: 0 adds almost none, got nothing; give style: { data, shape, t: 0 }'],
  ['null where a class is needed', { classes: 3, required: true }, [0, null], 'sample: style of sample 1: expected a value: the model needs style, got null'],
  ['null where a vector is needed', { vector: 2, required: true }, [null], 'sample: style of sample 0: expected a value: the model needs style, got null'],
  ['null where tokens are needed', { tokens: 2, length: 2, required: true }, [null], 'sample: style of sample 0: expected a value: the model needs style, got null'],
])('%s: the error names the sample and what to give', (_, spec, values, message) => {
  expect(() => column(spec, values)).toThrow(message);
  expect(() => column(spec, values)).toThrow(expect.objectContaining({ _tag: 'ConfigError' })); // oxfmt-ignore
}); // oxfmt-ignore

test.each<[string, ConditionSpec, unknown]>([
  ['a vector', vector, [[0, Number.NaN]]],
  ['tokens', tokens, [{ data: [0, Infinity], shape: [1, 2] }]],
  ['images', { image: 1 }, { data: [Number.NaN], shape: [1, 1, 1, 1] }],
])('numbers of %s that are not finite are NonFinite', (_, spec, values) => {
  expect(() => column(spec, values)).toThrow(expect.objectContaining({ _tag: 'NonFinite' })); // oxfmt-ignore
}); // oxfmt-ignore

test('a message lists at most 20 names', () => {
  const names = Array.from({ length: 21 }, (_, i) => `style ${i}`);
  expect(() => column({ classes: 21, names }, ['style 99'])).toThrow('expected a class: 21 names, got "style 99"; did you mean style 9?');
}); // oxfmt-ignore

describe('names of conditions', () => {
  const conditions = { hair, palette: vector };
  const given =
    (values: HostConditions, required = {}) =>
    () =>
      columnsOf({ where }, { ...conditions, ...required }, values);

  test('that the model does not take are refused, with the nearest', () => {
    expect(given({ hiar: [0] })).toThrow(
      'sample: conditions.hiar: expected one of the conditions hair, palette, got a condition that the model does not take; did you mean hair?',
    );
    expect(given({ toString: [0] } as unknown as HostConditions)).toThrow(
      'sample: conditions.toString: expected one of',
    );
  });

  test('that the model needs are required; others may be left out', () => {
    expect(given({ hair: [0] })()).toEqual({ hair: { count: 1, value: { data: Int32Array.of(0), shape: [1] } } });
    expect(given({ hair: [0] }, { palette: { vector: 2, required: true } })).toThrow(
      'sample: conditions.palette: expected a value of each sample: the model needs palette, got none; give conditions: { palette: … }',
    );
  });
});
