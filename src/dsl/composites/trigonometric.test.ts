import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../properties/diffusion/run.js';
import { wasm } from '../../backends/wasm/backend.js';
import { grad } from '../transforms/gradient.js';
import type { Scalar, Tensor } from '../graph/tensor.js';
import { constantOf, scalar } from '../ops/constants.js';
import { sum } from '../ops/reduction/reduction.js';
import { expectOperation, floats } from '../../../properties/expectOperation.js';
import { atan2 } from '../ops/elementwise/binary.js';
import { acos, asin } from '../ops/elementwise/unary.js';

describe('inverses of trigonometric functions', () => {
  const inside = [-0.9375, -0.5, -0.0625, 0, 0.25, 0.75, 0.96875];

  test.each<[string, (x: Tensor<[7]>) => Tensor<[7]>, (x: number) => number]>([
    ['asin', asin, Math.asin],
    ['acos', acos, Math.acos],
  ])('%s', async (_, f, expected) => {
    await expectOperation(f, [floats(inside)], inside.map(expected));
  });

  test('are exact at ±1, and NaN beyond', async () => {
    const ends = floats([-1, 1, 1.5]);
    const constant = { differentiable: false };
    await expectOperation((x: Tensor<[3]>) => asin(x), [ends], [-Math.PI / 2, Math.PI / 2, NaN], constant);
    await expectOperation((x: Tensor<[3]>) => acos(x), [ends], [Math.PI, 0, NaN], constant);
  });

  test('have infinite derivatives at ±1', async () => {
    const slopeOf = (f: (x: Scalar) => Scalar) => numbersOf(() => grad(f)(scalar(1)));
    expect(await slopeOf(asin)).toEqual([Infinity]);
    expect(await slopeOf(acos)).toEqual([-Infinity]);
  });

  test('acos is accurate near 1', async () => {
    const [angle] = await numbersOf(() => acos(scalar(1 - 2 ** -50)));
    expect(angle! / Math.sqrt(2 ** -49)).toBeCloseTo(1, 12); // acos(1 − ε) = √(2ε)·(1 + ε/12 + …)
  });
});

describe('atan2', () => {
  const I = Infinity;
  const points = [3, 1, -0.25].flatMap((y) => [2, -1, 0.125, -4].map((x) => [y, x] as const));
  const [ys, xs] = [points.map(([y]) => y), points.map(([, x]) => x)];

  test('is the angle of a point in each quadrant', async () => {
    await expectOperation(
      (y: Tensor<[12]>, x: Tensor<[12]>) => atan2(y, x),
      [floats(ys), floats(xs)],
      points.map(([y, x]) => Math.atan2(y, x)),
    );
  });

  test('on the axes and the diagonals', async () => {
    await expectOperation(
      (y: Tensor<[9]>, x: Tensor<[9]>) => atan2(y, x),
      [floats([0, 1, 0, -1, 1, -1, 1, -1, 0]), floats([1, 0, -1, 0, 1, -1, -1, 1, 0])],
      [0, 2, 4, -2, 1, -3, 3, -1, 0].map((eighths) => (eighths * Math.PI) / 4),
      { differentiable: false }, // discontinuous at the origin
    );
  });

  test('is that of a direction where an operand is infinite, or much smaller than the other', async () => {
    await expectOperation(
      (y: Tensor<[9]>, x: Tensor<[9]>) => atan2(y, x),
      [floats([1, I, 0, -1, I, -I, I, -I, -1e-30]), floats([I, 1, -I, -I, I, I, -I, -I, -1e30])],
      [0, 2, 4, -4, 1, -1, 3, -3, -4].map((eighths) => (eighths * Math.PI) / 4), // IEEE 754-2019, section 9.2.1
      { differentiable: false },
    );
  });

  test('has derivatives at infinity, along an axis near 0, and at the greatest float32', async () => {
    const [ys, xs] = [
      [1, I, -I, 0, 1e-40, 3e38],
      [I, 1, -I, 1e-40, 0, 3e38],
    ];
    const byY = () => grad((y: Tensor<[6]>) => sum(atan2(y, constantOf(xs, 6))))(constantOf(ys, 6));
    const byX = () => grad((x: Tensor<[6]>) => sum(atan2(constantOf(ys, 6), x)))(constantOf(xs, 6));
    // 1e40 is infinite in float32
    expect((await numbersOf(byY, wasm())).map(Math.abs)).toEqual([0, 0, 0, I, 0, expect.closeTo(1 / 6e38, 44)]);
    expect((await numbersOf(byX, wasm())).map(Math.abs)).toEqual([0, 0, 0, 0, I, expect.closeTo(1 / 6e38, 44)]);
  });

  test('has the derivatives of an angle at any distance from the origin, and 0 at the origin', async () => {
    const slopes = (y: Tensor<[4]>) => grad((v: Tensor<[4]>) => sum(atan2(v, constantOf([0, 2, 0, 3e-30], 4))))(y);
    const numbers = await numbersOf(() => slopes(constantOf([0, 0, 2, 4e-30], 4)));
    expect(numbers).toEqual([0, 0.5, 0, expect.closeTo(0.12e30, -20)]);
  });

  test('has second derivatives', async () => {
    const angle = (y: Scalar): Scalar => atan2(y, 2);
    const [curvature] = await numbersOf(() => grad(grad(angle))(scalar(1)));
    expect(curvature).toBeCloseTo((-2 * 2 * 1) / (1 + 4) ** 2, 12); // −2xy/(x² + y²)²
  });
});
