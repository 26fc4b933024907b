import { expect, test } from 'vitest';
import { failure } from './errors.js';

test('an error escapes the control characters of its texts, once', () => {
  const hostile = 'x\n\u001b[2J\u007f\u009b\u202eé"';
  const escaped = String.raw`x\n\u001b[2J\u007f\u009b\u202eé"`;
  const error = failure('DecodeError', { where: hostile, expected: hostile, actual: hostile, hint: hostile });
  expect(error).toEqual({
    ...{ _tag: 'DecodeError', where: escaped, expected: escaped, actual: escaped, hint: escaped },
    message: `${escaped}: expected ${escaped}, got ${escaped}; ${escaped}`,
  });
  expect(failure('DecodeError', error)).toEqual(error);
});

test.each([
  ['word', 'a'.repeat(3e6), 2000],
  ['text of control characters', '\n'.repeat(3e6), 2 ** 15],
  ['text', 'a b '.repeat(1e6), 2 ** 15],
  ['text of long words', `${'a'.repeat(3000)} `.repeat(1000), 2 ** 15],
])('an error omits the middle of a long %s, once', (_, long, most) => {
  const error = failure('DecodeError', { where: long, expected: long, actual: long, hint: 'a b'.repeat(5000) });
  const { where, expected, actual, hint } = error;
  const beginning = where.replaceAll(String.raw`\n`, '\n').slice(0, 400);
  expect([long.startsWith(beginning), where.includes(' … '), where.length <= most]).toEqual([true, true, true]);
  expect([expected, actual, hint]).toEqual([where, where, 'a b'.repeat(5000)]);
  expect(failure('DecodeError', error)).toEqual(error);
});
