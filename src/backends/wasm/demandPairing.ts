/** The check of pairing. Only a backend that demands pairing loads this module. */
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import { formFor } from './forms.js';

/** Fails if the wide tiles are not faster here. */
export const demandPairing = (portable: boolean): either.Either<NoisefoldError, null> => {
  const { isWide, ratio } = formFor(portable).choice();
  return isWide
    ? E.right(null)
    : fail('BackendUnavailable', {
        where: 'the wasm backend: pairing',
        expected: 'an engine in which kernels for 256 bits are faster',
        actual: Number.isNaN(ratio)
          ? 'an engine that did not optimize the kernels within 60 ms'
          : `an engine in which they take ${ratio.toFixed(2)} × the time of kernels for 128 bits`,
        hint: `use Node 24 or later on an x64 processor with AVX2${portable ? ', without `portable`' : ''}, or omit \`pairing\``,
      });
};
