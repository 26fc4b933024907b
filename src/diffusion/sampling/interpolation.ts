import {
  abs,
  acos,
  add,
  and,
  type Dim,
  div,
  greater,
  isTensor,
  less,
  mul,
  norm,
  onesLike,
  scaleBy,
  type Shape,
  sin,
  sub,
  sumPerSample,
  type Tensor,
  vmap,
  where,
  zerosLike,
} from '../../dsl/index.js';
import { hinted, refined } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { argument } from '../../internal/schema.js';

/** In radians. For directions that are nearer than this to equal or to opposite, float32 cannot resolve the arc. */
const CLOSE = 1e-3;

const weightOf = argument(
  'slerp',
  hinted(
    refined(t.unknown, 'a finite weight, or a tensor of weights', (w) => isTensor(w) || Number.isFinite(w)),
    '0 is the first end, 1 is the second',
  ),
);

/**
 * Spherical interpolation, sample by sample: from `a` at weight 0 along the great circle to `b` at weight 1, (sin((1-w)·θ)·a +
 * sin(w·θ)·b)/sin θ (Shoemake 1985). Between noises it keeps the norm of noise, while linear interpolation reduces it; so images
 * that DDIM decodes from interpolated noise are as sharp as those of the ends (Song et al. 2021, section 5.3).
 *
 * - `a`, `b`: noises or latents, `[B, ...I]`; a single image has B = 1. Interpolates linearly, (1-w)·a + w·b, if there is no
 *   unique arc: for equal or opposite directions, and if one is 0
 * - `weight`: a finite number, a scalar such as an input of a program, or a weight for each sample, `[B]`. Outside of [0, 1] it
 *   extrapolates along the circle. A number that is not finite raises `ConfigError`
 * @example
 * const half = slerp(constantOf([1, 0], 1, 2), constantOf([0, 1], 1, 2))(0.5)
 * half // → [[0.7071, 0.7071]]
 * const ends = slerp(constantOf([1, 0, 1, 0], 2, 2), constantOf([0, 1, 0, 1], 2, 2))
 * ends(constantOf([0.5, 1], 2)) // → [[0.7071, 0.7071], [0, 1]]
 */
export const slerp =
  <B extends Dim, I extends Shape>(a: Tensor<[B, ...I]>, b: NoInfer<Tensor<[B, ...I]>>) =>
  (weight: number | Tensor<[]> | Tensor<[B]>): Tensor<[B, ...I]> => {
    weightOf.demand(weight);
    const length = vmap((x: Tensor<I>) => norm(x));
    const lengths = mul(length(a), length(b));
    const one = onesLike(lengths);
    const hasAngle = greater(lengths, 0);
    // `where` computes both branches: no length of 0 and no cosine of 1, where acos has no derivative, in the unused branch
    const cosine = div(sumPerSample(mul(a, b)), where(hasAngle, lengths, one));
    const hasArc = and(hasAngle, less(abs(cosine), Math.cos(CLOSE)));
    const angle = acos(where(hasArc, cosine, zerosLike(cosine)));
    const w = mul(one, weight as number); // of each sample; `mul` raises ShapeError for another shape
    const part = (share: Tensor<[B]>): Tensor<[B]> => where(hasArc, div(sin(mul(angle, share)), sin(angle)), share);
    return add(scaleBy(a, part(sub(one, w))), scaleBy(b, part(w)));
  };
