import {
  acos,
  add,
  clip,
  type Dim,
  div,
  less,
  mul,
  onesLike,
  scaleBy,
  select,
  type Shape,
  sin,
  sqrt,
  square,
  sumPerSample,
  type Tensor,
} from '../dsl/index.js';

/** Directions closer than this, in radians, have no arc between them: the straight line is as good. */
const CLOSE = 1e-3;

/**
 * Spherical interpolation, sample by sample: from `a` at weight 0 along the great circle to `b` at weight 1,
 * (sin((1-w)·θ)·a + sin(w·θ)·b)/sin θ (Shoemake 1985). Between noises it stays as far from 0 as noise is, where the
 * straight line comes too near: so what DDIM decodes from it is as sharp as its ends (Song et al. 2021, section 5.3).
 *
 * - `a`, `b`: noises or latents, `[B, ...I]`; not opposite to each other, which have no arc of their own
 *
 * @example
 * const half = slerp(constantOf([1, 0], 1, 2), constantOf([0, 1], 1, 2))(0.5)
 * half // → [[0.7071, 0.7071]]
 */
export const slerp =
  <B extends Dim, I extends Shape>(a: Tensor<[B, ...I]>, b: Tensor<[NoInfer<B>, ...NoInfer<I>]>) =>
  (weight: number): Tensor<[B, ...I]> => {
    const lengths = sqrt(mul(sumPerSample(square(b)))(sumPerSample(square(a))));
    const angle = acos(clip(-1, 1)(div(lengths)(sumPerSample(mul(b)(a)))));
    const close = less(CLOSE)(angle);
    const far = select(close, angle)(onesLike(angle)); // no division by 0 on the side that is not taken
    const part = (w: number): Tensor<[B]> =>
      select(close, div(sin(far))(sin(mul(w)(far))))(mul(w)(onesLike(angle)));
    return add(scaleBy(part(weight))(b))(scaleBy(part(1 - weight))(a));
  };
