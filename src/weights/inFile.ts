import type { NoisefoldError } from '../dsl/index.js';
import { failure } from '../internal/errors.js';

/** An error, with the name of its file, or of the field that it is due to. */
export const inFile = (path: string, error: NoisefoldError): NoisefoldError =>
  failure(error._tag, { ...error, where: `${path}: ${error.where}` });
