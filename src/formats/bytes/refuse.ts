/** The error for invalid bytes. */
import { raise } from '../../internal/errors.js';

/** Raises a `DecodeError`. */
export const refuse = (
  where: string,
  expected: string,
  actual: string,
  hint = 'the file is damaged or of another format: use a copy of it',
): never => raise('DecodeError', { where, expected, actual, hint });
