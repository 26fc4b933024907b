import type { NoisefoldError } from '../dsl/index.js';
import { failure } from '../internal/errors.js';

/** Adds the name of a file or a field to the place of an error. */
export const inFile = (path: string, error: NoisefoldError): NoisefoldError =>
  failure(error._tag, { ...error, where: `${path}: ${error.where}` });
