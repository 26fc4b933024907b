import {
  abs,
  add,
  ascribeLike,
  type Dim,
  dims,
  maximum,
  minimum,
  mul,
  reciprocal,
  reshape,
  scaleBy,
  type Shape,
  slice,
  squeeze,
  type Tensor,
  topK,
} from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { aboveZero, hinted, refined, share } from '../../internal/decode.js';
import { argument, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { clipToImage, type Correction } from './x0Correction.js';

/**
 * The quantile of each row, `[B, N]` to `[B]`: linear between the two nearest order statistics, as in NumPy and PyTorch.
 */
const quantilePerRow =
  (q: number) =>
  (rows: Tensor<[number, number]>): Tensor<[Dim]> => {
    const N = dims(rows)[1] as number; // traced: a number
    const rank = q * (N - 1);
    const below = Math.floor(rank);
    // the numbers from this rank up, in falling order
    const { values } = topK(rows, N - below);
    const fromEnd = (i: number) => squeeze(slice(values, 1, i, 1), 1);
    const lower = fromEnd(-1);
    if (rank === below) return lower as Tensor<[Dim]>; // 0 times an infinite neighbour would be NaN
    return add(mul(lower, 1 - (rank - below)), mul(fromEnd(-2), rank - below)) as Tensor<[Dim]>;
  };

const percentileOf = argument(
  'dynamicThreshold',
  hinted(refined(share, 'a percentile between 0 and 1', share.is), 'write dynamicThreshold() for the usual 0.995'),
);
const capOf = schema('dynamicThreshold', {
  /** The greatest s, `sample_max_value` of diffusers; ∞ if left out. */
  most: optional(hinted(aboveZero, 'leave it out for a threshold without a limit'), Infinity),
});

interface Cap extends OptionsOf<typeof capOf> {}

/**
 * Dynamic thresholding (Imagen, Saharia et al. 2022, section 2.3): x̂₀ becomes clip(x̂₀, -s, s)/s, where s is a percentile of
 * |x̂₀| in each sample, at least 1 and at most `most`. It prevents saturated pixels under strong guidance. Raises `ConfigError` for
 * invalid arguments.
 *
 * @param percentile - 0.995 if left out; 1 scales each sample by its largest element, 0 is close to {@link clipToImage}
 * @param options - `most`: the greatest s, `sample_max_value` of diffusers; ∞ if left out
 * @example
 * const x0 = constantOf([-1, 0, 0.5, -4, 2, 8], 2, 3)
 * dynamicThreshold(0.5)(x0) // → [[-1, 0, 0.5], [-1, 0.5, 1]]
 * dynamicThreshold(0.5, { most: 2 })(x0) // → [[-1, 0, 0.5], [-1, 1, 1]]
 */
export const dynamicThreshold = <G = unknown>(percentile = 0.995, options?: Exact<G, keyof Cap> & Cap): Correction => {
  const q = percentileOf.demand(percentile);
  const { most } = capOf.demand(options);
  return <S extends Shape>(x0: Tensor<S>): Tensor<S> => {
    const [B = 1] = dims(x0);
    const least = maximum(quantilePerRow(q)(reshape(abs(x0), B, -1) as Tensor<[number, number]>), 1);
    const s = most === Infinity ? least : minimum(least, most);
    // the first axis of x̂₀ is the batch, which the type S does not say
    const scaled = scaleBy(x0 as unknown as Tensor<[Dim, ...Shape]>, reciprocal(s));
    return clipToImage(ascribeLike(scaled, x0));
  };
};
