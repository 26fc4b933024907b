import { averagePooling, type Dim, dims, raise, showShape } from '../../dsl/index.js';
import { type NoisefoldError, orRaise } from '../../internal/errors.js';
import { optionsOf } from '../../internal/options.js';
import { exactly, positive } from '../../internal/decode.js';
import { E } from '../../internal/fp.js';
import { type Conditioner, namedConditioner } from './condition.js';

const factorOf = optionsOf({
  where: 'superResolution',
  options: exactly({ factor: positive }),
  hint: '2 makes of each 2×2 square one pixel',
});

/**
 * The task of super-resolution: the condition of an image is the same one `factor` times smaller, by the means of
 * squares (SR3, Saharia et al. 2021). What learns p(x_0|small) with it makes large images of small ones, its own
 * samples or those of another model (Cascaded Diffusion, Ho et al. 2022).
 *
 * A factor that is no whole number ≥ 1 raises `ConfigError`, a size that it does not divide `ShapeError`.
 * @example
 * const image = constantOf([1, 0, 0.5, 0.5, 0, -1, 0.5, 0.5], 1, 2, 4, 1)
 * const small = program('key', (k) => superResolution({ factor: 2 })(image, k).image)
 * await using(reference())(evaluate(small, {})(key(7)))() // → E.right([0, 0.5])
 */
export const superResolution = (options: { readonly factor: number }): Conditioner<[Dim, Dim, Dim]> => {
  const given = factorOf(options);
  const name = E.match(
    ({ message }: NoisefoldError) => message,
    (o: { readonly factor: number }) => `superResolution by ${o.factor}`,
  )(given);
  return namedConditioner(name, (x0) => {
    const { factor } = orRaise(given);
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
