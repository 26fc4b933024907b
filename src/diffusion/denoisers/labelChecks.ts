import { fail, type NoisefoldError, raise } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import type { Dim, Tensor } from '../../dsl/graph/tensor.js';

/** The labels, for guidance by class and losses of classifiers. Raises `ConfigError` if they are missing. */
export const requiredLabel = <B extends Dim>(
  where: string,
  label: Tensor<[B], 'int32'> | undefined,
  hint = 'give the sampler labels, or leave guidance out',
): Tensor<[B], 'int32'> =>
  label ??
  raise('ConfigError', {
    where,
    expected: 'a label for each sample',
    actual: 'none',
    hint,
  });

/** Checks that a denoiser was also trained without labels. Otherwise a `ConfigError`. */
export const checkUnconditional = (
  where: string,
  { unconditional = true }: { readonly unconditional?: boolean },
): either.Either<NoisefoldError, void> =>
  unconditional
    ? E.right(undefined)
    : fail('ConfigError', {
        where,
        expected: 'a model that was also trained without labels, for predictions without a label',
        actual: 'a model that was trained at labelDropout: 0',
        hint: 'train with labelDropout: 0.1, or give a class to each sample and leave cfg out',
      });
