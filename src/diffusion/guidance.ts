import { add, fullLike, mul, type NoisefoldError, type Shape, sub } from '../dsl/index.js';
import { fail, raise } from '../dsl/errors.js';
import { E, type either } from '../internal/fp.js';
import { joinBatches, partBatches } from './batch.js';
import type { Denoiser } from './denoiser.js';

/** A way to steer a denoiser: it makes another of it, with the same parameters. */
export type Guidance = <P, I extends Shape>(
  denoiser: Denoiser<P, I>,
) => either.Either<NoisefoldError, Denoiser<P, I>>;

/**
 * The denoiser as it is.
 *
 * @example
 * const denoiser: Denoiser<null, [1]> = { predicts: 'v', apply: (_, x) => x }
 * unguided(denoiser) // → E.right(denoiser)
 */
export const unguided: Guidance = (denoiser) => E.right(denoiser);

/**
 * Classifier-free guidance (Ho & Salimans 2022, eq. 6): from the prediction without a class to the one with
 * it, and beyond, uncond + scale·(cond - uncond); the paper's w is scale - 1. A scale of 1 is unguided, 0
 * ignores the class. Any parameterization gives the same samples. Both predictions come from one evaluation
 * of a doubled batch; the denoiser must have been trained with label dropout.
 *
 * A denoiser without classes, or a scale that is not finite, is a `ConfigError`; so is sampling without
 * labels.
 *
 * @example
 * const denoiser: Denoiser<null, []> = {
 *   predicts: 'x0',
 *   classes: 1,
 *   apply: (_, x, { label }) => add(x)(cast('float32')(label!)), // 0 of class 0, 1 of none
 * }
 * const at = { t: iota(1), label: iota(1) }
 * pipe(cfg(3)(denoiser), E.map(({ apply }) => apply(null, zeros(1), at))) // → E.right([1 + 3 * (0 - 1)])
 */
export const cfg =
  (scale: number): Guidance =>
  (denoiser) => {
    const { classes, apply } = denoiser;
    if (!Number.isFinite(scale))
      return fail('ConfigError', {
        where: 'cfg',
        expected: 'a finite guidance scale',
        actual: `${scale}`,
        hint: '1 is unguided, 2 a good beginning',
      });
    if (classes === undefined)
      return fail('ConfigError', {
        where: 'cfg',
        expected: 'a denoiser with classes',
        actual: 'one without',
        hint: 'train it with labels and label dropout, or sample unguided',
      });
    return E.right({
      ...denoiser,
      apply: (params, x, at) => {
        const label =
          at.label ??
          raise('ConfigError', {
            where: 'cfg',
            expected: 'a label for each sample',
            actual: 'none',
            hint: 'give the sampler labels, or leave guidance out',
          });
        const [withClass, without] = partBatches(x)(
          apply(params, joinBatches(x, x), {
            ...at,
            t: joinBatches(at.t, at.t),
            label: joinBatches(label, fullLike(classes)(label)),
          }),
        );
        return add(mul(scale)(sub(without)(withClass)))(without);
      },
    });
  };
