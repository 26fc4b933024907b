/** The factor of residual sums. */
import { mul, type Shape, type Tensor } from '../../dsl/index.js';
import { finite, hinted, refined } from '../../internal/decode.js';

/** The factor of a sum. */
export const rescale = hinted(
  refined(finite, 'a finite factor', finite.is),
  'Math.SQRT1_2 keeps the variance of a sum',
);

/** x·factor. */
export const scaled = <S extends Shape>(x: Tensor<S>, factor: number): Tensor<S> => (factor === 1 ? x : mul(x, factor));
