import type { Backend } from 'noisefold/backend';
import { agreementLaws } from './agreement.js';
import type { Law } from './law.js';
import { ownershipLaws } from './ownership.js';
import { storageLaws } from './storage.js';

/**
 * The contract of a backend, with which authors of backends can test theirs. A backend computes the results of the
 * reference, respects the ownership of memory, and returns its errors as values. Some laws exist for each operation:
 * `titleOf` distinguishes them.
 * @example
 * await using nf = await open(wasm())
 * for (const law of backendLaws(nf.backend)) await checkLaw(law, 0.05)
 */
export const backendLaws = (backend: Backend): readonly Law[] => [
  ...agreementLaws(backend),
  ...ownershipLaws(backend),
  ...storageLaws(backend),
];
