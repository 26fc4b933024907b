import { expect, test } from 'vitest';
import { E } from '../internal/fp.js';
import { right } from '../training/testing.js';
import { type Labelling, labelled } from './labelling.js';

const files = ['cats/long_1.png', 'cats/x.png', 'dogs/short_2.png'];
const conditions = (path: string) => {
  const [, hair, age] = /(\w+)_(\d)/.exec(path) ?? [];
  return hair === undefined ? undefined : { hair, age: [Number(age)] };
};

test('conditions by a function of the path stand beside the classes of the folders, null for a picture without a value', () => {
  expect(right(labelled('imageFolder', files, { conditions }))).toEqual({
    files,
    labels: Int32Array.of(0, 0, 1),
    conditions: { hair: ['long', null, 'short'], age: [[1], null, [2]] },
    names: { label: ['cats', 'dogs'], hair: ['long', 'short'] },
  });
  expect(right(labelled('imageFolder', files, { conditions, labels: 'none' })).names).toEqual({
    hair: ['long', 'short'],
  });
});

test('no value means none: a missing one, undefined, null and an empty cell', () => {
  const rows = [{ hair: 'long', hat: '' }, { hair: undefined, hat: null }, { hair: '', hat: 'cap' }, undefined];
  const paths = ['0.png', '1.png', '2.png', '3.png'];
  expect(right(labelled('imageFolder', paths, { conditions: (path) => rows[parseInt(path)] }))).toMatchObject({
    conditions: { hair: ['long', null, null, null], hat: [null, null, 'cap', null] },
    names: { hair: ['long'], hat: ['cap'] },
  });
});

const refusal = (labelling: Labelling): string => {
  const result = labelled('imageFolder', files, labelling);
  return E.isLeft(result) ? result.left.message : 'none';
};

test('a table in which no picture has a row is refused, with the path of a picture', () => {
  const table = new Map([['pictures/cats/long_1.png', { hair: 'long' }]]);
  expect(refusal({ conditions: (path) => table.get(path) })).toBe(
    'imageFolder.conditions: expected the conditions of a picture by its path, such as "cats/long_1.png", got undefined for each of the 3 pictures; name the rows of a table by the paths of the pictures below the folder',
  );
});

test('names of a condition that no picture has are refused, except those of folders', () => {
  const conditions = () => ({ colour: 'red' });
  const result = (names: Readonly<Record<string, readonly string[]>>) =>
    labelled('imageFolder', files, { conditions, names });
  const refused = result({ color: ['red'] });
  expect(E.isLeft(refused) && refused.left.message).toBe(
    'imageFolder.names: expected names of the conditions of the pictures: colour, got "color"; did you mean colour?',
  );
  expect(E.isRight(result({ label: ['cats', 'dogs'], colour: ['red', 'blue'] }))).toBe(true);
});

test('a value outside the names is refused, with its picture', () => {
  expect(
    right(labelled('imageFolder', files, { conditions, names: { hair: ['short', 'grey', 'long'] } })).names,
  ).toEqual({
    label: ['cats', 'dogs'],
    hair: ['short', 'grey', 'long'],
  });
  expect(refusal({ conditions, names: { hair: ['long', 'grey'] } })).toBe(
    'imageFolder.conditions: expected a value of hair: long, grey, got "short" for dogs/short_2.png; correct it, or add it to `names`',
  );
  expect(refusal({ conditions, names: { hair: ['shorter', 'long'] } })).toMatch(/; did you mean shorter\?$/);
});
