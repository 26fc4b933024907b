import { expect, test } from 'vitest';
import { countOf, hostRowsAt, listsOf, namesIn } from './hostRows.js';

const conditions = {
  hair: ['long', null, 'short'],
  age: Int32Array.of(7, 8, 9),
  palette: [[1, 2], null, [5, 6]],
  sound: { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] },
  words: { data: [1, 2, 3], shape: [3, 1, 1], mask: [true, false, true] },
  picture: { data: Uint8Array.of(1, 2, 3), shape: [3, 1, 1, 1], t: 5 },
};

test('the rows of some positions keep their form, the kind of their arrays and the noise level', () => {
  expect(hostRowsAt(conditions, Int32Array.of(2, 1))).toEqual({
    hair: ['short', null],
    age: Int32Array.of(9, 8),
    palette: [[5, 6], null],
    sound: { data: Float32Array.of(5, 6, 3, 4), shape: [2, 2] },
    words: { data: [3, 2], shape: [2, 1, 1], mask: [true, false] },
    picture: { data: Uint8Array.of(3, 2), shape: [2, 1, 1, 1], t: 5 }, // bytes stay bytes, which a model refuses
  });
});

test('names are those that occur, sorted; only lists have names', () => {
  expect(namesIn({ ...conditions, mouth: ['smile', 'open', null, 'smile'] })).toEqual({
    hair: ['long', 'short'],
    mouth: ['open', 'smile'],
  });
});

test('each condition has a number of samples', () => {
  expect(Object.values(conditions).map(countOf)).toEqual([3, 3, 3, 3, 3, 3]);
});

test('rows become lists by name, with each row several times, and null where a row has no value', () => {
  const [tone, words] = [Float32Array.of(1, 2), { data: [1, 2, 3], shape: [1, 3] }];
  const rows = [{ hair: 'long', age: 0, tone }, { hair: '', age: null, words }, { hair: undefined }];
  expect(listsOf(rows, 2)).toEqual({
    hair: ['long', 'long', null, null, null, null],
    age: [0, 0, null, null, null, null],
    tone: [tone, tone, null, null, null, null],
    words: [null, null, words, words, null, null],
  });
  expect(listsOf([{}, {}])).toEqual({});
  expect(() => listsOf({ colour: 'red' } as never, 4)).toThrow('listsOf: rows: expected rows');
  expect(() => listsOf([{ hair: 'long' }], -1)).toThrow('listsOf: each: expected an integer ≥ 1, got -1');
  expect(namesIn({ constructor: ['Ford', null] })).toEqual({ constructor: ['Ford'] });
  const cars: readonly Readonly<Record<string, string>>[] = [{ constructor: 'Ford' }, {}];
  expect(listsOf(cars)).toEqual({ constructor: ['Ford', null] });
});
