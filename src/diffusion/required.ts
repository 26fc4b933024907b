import { fail, type NoisefoldError, raise } from '../internal/errors.js';
import { E, type either } from '../internal/fp.js';
import type { Dim, Key, Shape, Tensor } from '../dsl/graph/tensor.js';
import type { Denoiser } from './denoiser.js';

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

/** The key of a step that draws noise. Raises `ConfigError`. */
export const requiredKey = (where: string, key: Key | undefined): Key =>
  key ??
  raise('ConfigError', {
    where,
    expected: 'a key for the noise of this step',
    actual: 'none',
    hint: 'give each step a key of its own, on the host foldIn(i)(key) at step i',
  });

/** The parameters of a guide that has some. Raises `ConfigError`. */
export const requiredGuide = <Q>(params: Q | undefined): Q =>
  params === undefined
    ? raise('ConfigError', {
        where: 'guidance',
        expected: 'the parameters of the classifier',
        actual: 'none',
        hint: 'give them to `sample` as `guide`, or as a member `guide` of the parameters',
      })
    : params;

/** Predictions without labels, which need a denoiser that has learned them. Otherwise a `ConfigError`. */
export const requiredUnconditional = (
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

/** A denoiser that is not guided on the mean, for `actual`, which has no steps with a mean. Otherwise a `ConfigError`. */
export const unguidedMean = <P, I extends Shape>(
  where: string,
  { guides }: Pick<Denoiser<P, I>, 'guides'>,
  actual: string,
): either.Either<NoisefoldError, void> =>
  guides?.mean === undefined
    ? E.right(undefined)
    : fail('ConfigError', {
        where,
        expected: 'ancestral(), for a denoiser that is guided by meanGuided: its steps have a mean to move',
        actual,
        hint: 'take classifierGuided, which is for any solver and grid',
      });
