import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';

/** Requires one output for each channel of an image, or two, of which the second is a variance. */
export const checkedOutputs = (
  where: string,
  channels: number,
  outputs: number,
): either.Either<NoisefoldError, { readonly learnedVariance?: 'range' }> => {
  if (outputs === channels) return E.right({});
  if (outputs === 2 * channels) return E.right({ learnedVariance: 'range' });
  return fail('ConfigError', {
    where: `${where}.out_channels`,
    expected: `${channels}, or ${2 * channels} with a learned variance`,
    actual: `${outputs}`,
    hint: 'unet does not support it: write the network by hand, from noisefold/dsl',
  });
};
