import type { Backend } from '../../src/dsl/compile/backend.js';
import { agreementLaws } from './agreement.js';
import type { Law } from './law.js';
import { ownershipLaws } from './ownership.js';

/**
 * The contract of a backend: what anyone who writes one can check it by. It computes what the reference
 * computes, keeps to who owns which memory, and gives its errors as values. One law is of each operation: `titleOf` tells
 * them apart.
 * @example
 * const check = using(wasm())((backend) => async () => {
 *   for (const law of backendLaws(backend)) await checkLaw(law, 0.05)
 *   return E.right('keeps the contract')
 * })
 * await check() // → E.right('keeps the contract')
 */
export const backendLaws = (backend: Backend): readonly Law[] => [...agreementLaws(backend), ...ownershipLaws(backend)];
