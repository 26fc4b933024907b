import { clip } from '../../dsl/index.js';
import { ofShapeOf } from '../denoisers/sameShape.js';
import type { Shape, Tensor } from '../../dsl/graph/tensor.js';

/** A correction of x̂₀ before a solver uses it: `[B, ...]` to `[B, ...]`, such as `clip(-1, 1)` of the DSL. */
export type Correction = <S extends Shape>(x0: Tensor<S>) => Tensor<S>;

/** Checks a correction, which may be a user's own: it raises a `ConfigError` unless it returns a tensor of the shape of its argument. */
export const checkedCorrection =
  (correction: Correction): Correction =>
  (x0) =>
    ofShapeOf(x0, correction(x0), {
      tag: 'ConfigError',
      where: 'correction',
      expected: 'a correction, which returns x̂₀ of the shape that it takes',
      hint: 'call the function that makes it, such as dynamicThreshold(); your own must return the same',
    });

/**
 * Clips x̂₀ to [-1, 1], the range of images (`clip_denoised` of guided-diffusion). At the noisy end of a cosine process
 * 1/√ᾱ is about 10⁴, and an x̂₀ from a noise prediction may be far out of range.
 * @example clipToImage(constantOf([-2, 0.5, 3], 3)) // → [-1, 0.5, 1]
 */
export const clipToImage: Correction = clip(-1, 1);

/**
 * No correction, for data without bounds, such as latents.
 * @example uncorrected(constantOf([-2, 0.5, 3], 3)) // → [-2, 0.5, 3]
 */
export const uncorrected: Correction = (x0) => x0;
