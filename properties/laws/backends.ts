import type { Backend } from '../../src/dsl/backend.js';
import { agreementLaws } from './agreement.js';
import type { Law } from './law.js';
import { ownershipLaws } from './ownership.js';

/**
 * The contract of a backend: what anyone who writes one can check it by.
 *
 * @example
 * for (const law of backendLaws(backend)) test(`${law.name} ${law.subject ?? ''}`, () => checkLaw(law))
 */
export const backendLaws = (backend: Backend): readonly Law[] => [
  ...agreementLaws(backend),
  ...ownershipLaws(backend),
];
