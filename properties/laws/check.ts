import fc from 'fast-check';
import type { Law } from './law.js';

/**
 * Checks a law on random samples: resolves if it holds, and rejects with the smallest counterexample
 * found and the seed that leads to it.
 *
 * @param times - a factor of the number of samples of the law; at least one sample is taken
 * @example
 * const law = channelLaws.find(({ name }) => name === 'composition of channels is associative')!
 * await checkLaw(law)
 * await assert.rejects(checkLaw({ ...law, violation: () => 'expected 1, got 2' }), /Counterexample/)
 */
export const checkLaw = (law: Law, times = 1): Promise<void> =>
  fc.assert(
    fc.asyncProperty(law.arbitrary, async (sample) => {
      const violation = await law.violation(sample);
      if (violation !== null) throw new Error(violation);
    }),
    { numRuns: Math.max(1, Math.round(law.runs * times)) },
  );
