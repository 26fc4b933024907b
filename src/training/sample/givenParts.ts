/**
 * Checks the results of functions that callers pass. In JavaScript a result may be anything, such as another function.
 */
import type { Correction, Denoiser, Grid, Guidance } from '../../diffusion/index.js';
import { ofShapeOf } from '../../diffusion/denoisers/sameShape.js';
import type { NoisefoldError, Shape, Tensor } from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import { show } from '../../internal/decode.js';
import type { either } from '../../internal/fp.js';
import { isEither } from '../../internal/either.js';

const callIt = (example: string): string =>
  `call the function that makes it, such as ${example}; your own must return the same`;

/** Returns the result of a part. Raises `ConfigError` if it is not an Either. */
const givingEither = <A>(
  where: string,
  expected: string,
  example: string,
  result: either.Either<NoisefoldError, A>,
): either.Either<NoisefoldError, A> =>
  isEither(result)
    ? result
    : raise('ConfigError', { where, expected, actual: `one that returns ${show(result)}`, hint: callIt(example) });

/** Applies a guidance to a denoiser. Raises `ConfigError` for a guidance that returns no Either. */
export const guidedBy =
  <P, I extends Shape>(where: string, guidance: Guidance<P, I>) =>
  (denoiser: Denoiser<P, I>): either.Either<NoisefoldError, Denoiser<P, I>> =>
    givingEither(
      `${where}: guidance`,
      'a guidance, which returns an Either of a denoiser',
      'cfg(2)',
      guidance(denoiser),
    );

/** A grid whose result is checked to be an Either; a number of steps stays as it is. */
export const heldGrid = (where: string, grid: number | Grid): number | Grid =>
  typeof grid === 'number'
    ? grid
    : (noising) =>
        givingEither(`${where}: grid`, 'a grid, which returns an Either of timesteps', 'trailing(50)', grid(noising));

/** A correction that raises a `ConfigError` unless it returns a tensor of the shape of its argument. */
export const heldCorrection =
  (where: string, correction: Correction): Correction =>
  <S extends Shape>(x0: Tensor<S>): Tensor<S> =>
    ofShapeOf(x0, correction(x0), {
      tag: 'ConfigError',
      where: `${where}: correction`,
      expected: 'a correction, which returns x̂₀ of the shape that it takes',
      hint: callIt('dynamicThreshold()'),
    });
