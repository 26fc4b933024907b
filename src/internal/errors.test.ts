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
