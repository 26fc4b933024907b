import { clip } from '../../dsl/index.js';
import type { Shape, Tensor } from '../../dsl/graph/tensor.js';

/** What is done to each x̂₀ before a solver uses it: `[B, ...]` to `[B, ...]`. `clip(-1, 1)` of the DSL is one. */
export type Correction = <S extends Shape>(x0: Tensor<S>) => Tensor<S>;

/**
 * Keeps x̂₀ in [-1, 1], the range of images. Early in a cosine process 1/√ᾱ is of the order of 10⁴, and an
 * x̂₀ from a noise prediction would be far off.
 * @example clipToImage(constantOf([-2, 0.5, 3], 3)) // → [-1, 0.5, 1]
 */
export const clipToImage: Correction = clip(-1, 1);

/**
 * x̂₀ as it is: for data that have no bounds, such as latents.
 * @example uncorrected(constantOf([-2, 0.5, 3], 3)) // → [-2, 0.5, 3]
 */
export const uncorrected: Correction = (x0) => x0;
