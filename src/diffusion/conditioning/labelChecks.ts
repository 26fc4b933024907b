import { fail, type NoisefoldError, raise } from '../../internal/errors.js';
import { E, type either } from '../../internal/fp.js';
import type { Dim, Tensor } from '../../dsl/graph/tensor.js';

/** The label of each sample, which guidance by class and losses of classifiers need. Raises `ConfigError`. */
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

/** Predictions without labels, which need a denoiser that has learned them. Otherwise a `ConfigError`. */
export const checkUnconditional = (
  where: string,
  { unconditional = true }: { readonly unconditional?: boolean },
): either.Either<NoisefoldError, void> =>
  unconditional
    ? E.right(undefined)
    : fail('ConfigError', {
        where,
        expected: 'a model that was also trained without labels: its predictions without a label are needed',
        actual: 'a model that was trained at labelDropout: 0',
        hint: 'train with labelDropout: 0.1, or give each sample the label of a class and leave cfg out',
      });
