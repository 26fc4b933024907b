import { averagePooling, type Dim, dims } from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { raise, showShape } from '../../internal/errors.js';
import { hinted, positive } from '../../internal/decode.js';
import { type OptionsOf, schema } from '../../internal/schema.js';
import { withName } from '../../internal/dual.js';
import type { ImageConditioner } from './conditioner.js';

const factorOf = schema('superResolution', {
  /** The width of a square of pixels that becomes one pixel. */
  factor: hinted(positive, 'a factor of 2 makes one pixel of each 2×2 square'),
});

interface Factor extends OptionsOf<typeof factorOf> {}

/**
 * The conditioner of super-resolution: the condition is the image, made `factor` times smaller by averaging squares of
 * pixels (SR3, Saharia et al. 2021). A model trained with it enlarges small images, such as samples of another model
 * (Cascaded Diffusion, Ho et al. 2022).
 *
 * Raises `ConfigError` if the factor is not a whole number ≥ 1, and `ShapeError` if it does not divide the size.
 * @example
 * const image = constantOf([1, 0, 0.5, 0.5, 0, -1, 0.5, 0.5], 1, 2, 4, 1)
 * const small = program('key', (k) => superResolution({ factor: 2 })(image, k).image)
 * await using nf = await open(reference())
 * await nf.run(evaluate(small, {})(key(7))) // → [0, 0.5]
 */
export const superResolution = <G = unknown>(
  options: Exact<G, keyof Factor> & Factor,
): ImageConditioner<[Dim, Dim, Dim]> => {
  const { factor } = factorOf.demand(options);
  return withName<ImageConditioner<[Dim, Dim, Dim]>>(`superResolution by ${factor}`, (x0) => {
    const [, height, width] = dims(x0);
    if (height % factor !== 0 || width % factor !== 0)
      raise('ShapeError', {
        where: 'superResolution',
        expected: `a height and width that ${factor} divides`,
        actual: showShape(dims(x0)),
        hint: 'take another factor, or pad the images',
      });
    return { image: averagePooling(x0, { window: [factor, factor] }) };
  });
};
