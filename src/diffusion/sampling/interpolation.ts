import {
  acos,
  add,
  clip,
  type Dim,
  div,
  greater,
  mul,
  onesLike,
  raise,
  scaleBy,
  type Shape,
  sin,
  sqrt,
  square,
  sumPerSample,
  type Tensor,
  where,
} from '../../dsl/index.js';

/** In radians: directions that are closer to equal or to opposite have no arc that float32 can resolve. */
const CLOSE = 1e-3;

const requireWeight = (weight: number): void => {
  if (!Number.isFinite(weight))
    raise('ConfigError', {
      where: 'slerp',
      expected: 'a finite weight',
      actual: `${weight}`,
      hint: '0 is the first end, 1 is the second',
    });
};

/**
 * Spherical interpolation, sample by sample: from `a` at weight 0 along the great circle to `b` at weight 1,
 * (sin((1-w)·θ)·a + sin(w·θ)·b)/sin θ (Shoemake 1985). Between noises it keeps the norm of noise, while linear interpolation
 * reduces it; so images that DDIM decodes from it are as sharp as those of the ends (Song et al. 2021, section 5.3).
 *
 * - `a`, `b`: noises or latents, `[B, ...I]`. Interpolates linearly, (1-w)·a + w·b, if there is no unique arc: for equal or
 *   opposite directions, and if one is 0
 * - `weight`: any finite number; outside of [0, 1] it extrapolates along the circle. Others raise `ConfigError`
 * @example
 * const half = slerp(constantOf([1, 0], 1, 2), constantOf([0, 1], 1, 2))(0.5)
 * half // → [[0.7071, 0.7071]]
 */
export const slerp =
  <B extends Dim, I extends Shape>(a: Tensor<[B, ...I]>, b: Tensor<[NoInfer<B>, ...NoInfer<I>]>) =>
  (weight: number): Tensor<[B, ...I]> => {
    requireWeight(weight);
    const length = (x: Tensor<[B, ...I]>): Tensor<[B]> => sqrt(sumPerSample(square(x)));
    const lengths = mul(length(a), length(b));
    const one = onesLike(lengths);
    const hasAngle = greater(lengths, 0);
    // ones in the branch that is not taken, so that it does not divide by 0
    const cosine = where(hasAngle, div(sumPerSample(mul(a, b)), where(hasAngle, lengths, one)), one);
    const angle = acos(clip(cosine, -1, 1));
    const hasArc = greater(sin(angle), Math.sin(CLOSE));
    const far = where(hasArc, angle, one);
    const part = (w: number): Tensor<[B]> => where(hasArc, div(sin(mul(far, w)), sin(far)), mul(one, w));
    return add(scaleBy(a, part(1 - weight)), scaleBy(b, part(weight)));
  };
