import { failure, type NoisefoldError } from '../../../dsl/index.js';

/** An error, with the name of the file that it comes of. */
export const inFile = (path: string, error: NoisefoldError): NoisefoldError =>
  failure(error._tag, { ...error, where: `${path}: ${error.where}` });
