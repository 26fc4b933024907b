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
  select,
  type Shape,
  sin,
  sqrt,
  square,
  sumPerSample,
  type Tensor,
} from '../dsl/index.js';

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
 *
 * @example
 * const half = slerp(constantOf([1, 0], 1, 2), constantOf([0, 1], 1, 2))(0.5)
 * half // → [[0.7071, 0.7071]]
 */
export const slerp =
  <B extends Dim, I extends Shape>(a: Tensor<[B, ...I]>, b: Tensor<[NoInfer<B>, ...NoInfer<I>]>) =>
  (weight: number): Tensor<[B, ...I]> => {
    requireWeight(weight);
    const length = (x: Tensor<[B, ...I]>): Tensor<[B]> => sqrt(sumPerSample(square(x)));
    const lengths = mul(length(b))(length(a));
    const one = onesLike(lengths);
    const hasAngle = greater(0)(lengths);
    // what is not taken is made of ones, so that nothing is divided by 0 there
    const cosine = select(hasAngle, one)(div(select(hasAngle, one)(lengths))(sumPerSample(mul(b)(a))));
    const angle = acos(clip(-1, 1)(cosine));
    const hasArc = greater(Math.sin(CLOSE))(sin(angle));
    const far = select(hasArc, one)(angle);
    const part = (w: number): Tensor<[B]> => select(hasArc, mul(w)(one))(div(sin(far))(sin(mul(w)(far))));
    return add(scaleBy(part(weight))(b))(scaleBy(part(1 - weight))(a));
  };
