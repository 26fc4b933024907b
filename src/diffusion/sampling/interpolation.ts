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

/** Directions closer than this, in radians, to each other or to being opposite have no arc to be found in float32. */
const CLOSE = 1e-3;

const requireWeight = (weight: number): void => {
  if (!Number.isFinite(weight))
    raise('ConfigError', {
      where: 'slerp',
      expected: 'a finite weight',
      actual: `${weight}`,
      hint: '0 is the first end, 1 the other',
    });
};

/**
 * Spherical interpolation, sample by sample: from `a` at weight 0 along the great circle to `b` at weight 1,
 * (sin((1-w)·θ)·a + sin(w·θ)·b)/sin θ (Shoemake 1985). Between noises it stays as far from 0 as noise is, where the
 * straight line comes too near: so what DDIM decodes from it is as sharp as its ends (Song et al. 2021, section 5.3).
 *
 * - `a`, `b`: noises or latents, `[B, ...I]`. Where no arc leads from one to the other, since they are of one direction,
 *   opposite, or one of them is 0, it is the straight line, (1-w)·a + w·b
 * - `weight`: any finite number, beyond [0, 1] further along the circle; others raise `ConfigError`
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
    // what is not taken is made of ones, so that nothing is divided by 0 there
    const cosine = where(hasAngle, div(sumPerSample(mul(a, b)), where(hasAngle, lengths, one)), one);
    const angle = acos(clip(cosine, -1, 1));
    const hasArc = greater(sin(angle), Math.sin(CLOSE));
    const far = where(hasArc, angle, one);
    const part = (w: number): Tensor<[B]> => where(hasArc, div(sin(mul(far, w)), sin(far)), mul(one, w));
    return add(scaleBy(a, part(1 - weight)), scaleBy(b, part(weight)));
  };
