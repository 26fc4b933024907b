import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import {
  attempt, constantOf, cos as cosine, customVjp, grad, mul, neg, normal, program, type Scalar, scalar,
  sin as sine, square, sum, type Tensor, vjp, zeros,
} from '../index.js'; // oxfmt-ignore
import { plan } from '../compile/planning.js';

const tagOf = (build: () => unknown) => {
  const result = attempt(build);
  return E.isLeft(result) ? result.left._tag : 'Right';
};

describe('customVjp', () => {
  const sin: (x: Scalar) => Scalar = customVjp(
    (x: Scalar) => sine(x),
    (x) => (cotangent) => mul(cotangent, cos(x)),
  );
  const cos: (x: Scalar) => Scalar = customVjp(
    (x: Scalar) => cosine(x),
    (x) => (cotangent) => neg(mul(cotangent, sin(x))),
  );

  test('functions may use each other in their derivatives: the fourth derivative of sin is sin', async () => {
    const fourth = grad(grad(grad(grad(sin))));
    expect(await numbersOf(() => fourth(scalar(0.7)))).toEqual([expect.closeTo(Math.sin(0.7), 14)]);
  });

  test('accepts trees: a gradient for each float32 tensor, null for the others', async () => {
    type P = { readonly x: Tensor<[2]>; readonly rest: readonly [Tensor<[2], 'int32'>, Tensor<[2]>] };
    const first = customVjp(
      ({ x }: P) => square(x),
      ({ rest }) =>
        (cotangent) => ({ x: cotangent, rest: [null, mul(cotangent, rest[1])] }),
    );
    const p: P = {
      x: constantOf([1, 2], 2),
      rest: [constantOf(Int32Array.of(1, 2), 2), constantOf([3, 4], 2)],
    };
    const pulledBack = () => vjp(first)(p).pullback(constantOf([1, 10], 2));
    expect(await numbersOf(() => pulledBack().x)).toEqual([1, 10]);
    expect(pulledBack().rest[0]).toBeNull();
    expect(await numbersOf(() => pulledBack().rest[1])).toEqual([3, 40]);
  });

  const identity = (x: Tensor<[2]>): Tensor<[2]> => x;

  test('rejects functions that capture tensors', () => {
    const captures = program({ w: '2', x: '2' }, ({ w, x }) =>
      customVjp(
        (h: Tensor<[2]>) => mul(h, w),
        () => identity,
      )(x),
    );
    expect(plan(captures, {}, { fuses: true, composites: [], scratchElements: () => 0 })).toMatchObject({
      left: { _tag: 'ConfigError' },
    });
    const later = grad((w: Tensor<[2]>) =>
      sum(grad((x: Tensor<[2]>) => sum(customVjp(identity, () => (g: Tensor<[2]>) => mul(g, w))(x)))(w)),
    );
    expect(tagOf(() => later(zeros(2)))).toBe('ConfigError');
  });

  test('rejects a cotangent of another shape or structure', () => {
    const slope = (cotangent: unknown) =>
      // a type error
      grad((x: Tensor<[2]>) => sum(customVjp(identity, () => () => cotangent as Tensor<[2]>)(x)))(zeros(2));
    expect(tagOf(() => slope(zeros(3)))).toBe('ShapeError');
    expect(tagOf(() => slope({ x: zeros(2) }))).toBe('ConfigError');
  });

  test('rejects a key', () => {
    const noisy = program({ x: '2', k: 'key' }, (p) =>
      customVjp(
        ({ x, k }: typeof p) => mul(normal(k, 2), x),
        () => (cotangent) => ({ x: cotangent, k: null }),
      )(p),
    );
    expect(plan(noisy, {}, { fuses: true, composites: [], scratchElements: () => 0 })).toMatchObject({
      left: { _tag: 'ConfigError', actual: expect.stringContaining('key') },
    });
  });
});
