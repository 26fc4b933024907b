import { describe, expect, test } from 'vitest';
import { numbersOf, relativeDistance } from '../../../properties/diffusion/run.js';
import { wasm } from '../../backends/wasm/backend.js';
import { attempt, constantOf, cos, grad, jvp, reshape, scalar, sin, stack, sum, type Tensor } from '../../dsl/index.js';
import { slerp } from './interpolation.js';

/** Two samples of two numbers: directions 0.3 and 1.1, of length 2, and -2 and -1.9, of lengths 1 and 3. */
const polar = (length: number, angle: number) => [length * Math.cos(angle), length * Math.sin(angle)];
const a = constantOf([...polar(2, 0.3), ...polar(1, -2)], 2, 2);
const b = constantOf([...polar(2, 1.1), ...polar(3, -1.9)], 2, 2);

describe('spherical interpolation', () => {
  test('has weights 0 and 1 at its ends', async () => {
    expect(relativeDistance(await numbersOf(() => slerp(a, b)(0)), await numbersOf(() => a))).toBeLessThan(1e-15);
    expect(relativeDistance(await numbersOf(() => slerp(a, b)(1)), await numbersOf(() => b))).toBeLessThan(1e-15);
  });

  test.each([0.25, 0.5, 0.9])('follows the circle between vectors of equal length, weight %d', async (weight) => {
    const [x, y] = await numbersOf(() => slerp(a, b)(weight));
    expect(relativeDistance([x!, y!], polar(2, 0.3 + weight * 0.8))).toBeLessThan(1e-14);
  });

  test('agrees with the formula for different lengths', async () => {
    const [, , x, y] = await numbersOf(() => slerp(a, b)(0.3));
    const [from, to, theta] = [polar(1, -2), polar(3, -1.9), 0.1];
    const parts = [0.7, 0.3].map((w) => Math.sin(w * theta) / Math.sin(theta));
    const expected = [0, 1].map((d) => parts[0]! * from[d]! + parts[1]! * to[d]!);
    expect(relativeDistance([x!, y!], expected)).toBeLessThan(1e-13);
  });

  test('takes its weight from a scalar, or one weight for each sample from a tensor', async () => {
    const [first, second] = [await numbersOf(() => slerp(a, b)(0.3)), await numbersOf(() => slerp(a, b)(1.25))];
    expect(relativeDistance(await numbersOf(() => slerp(a, b)(scalar(0.3))), first)).toBeLessThan(1e-15);
    const each = await numbersOf(() => slerp(a, b)(constantOf([0.3, 1.25], 2)));
    expect(relativeDistance(each, [...first.slice(0, 2), ...second.slice(2)])).toBeLessThan(1e-15);
  });

  test('refuses weights for another number of samples', () => {
    const three = constantOf([0, 0.5, 1], 3) as unknown as Tensor<[2]>;
    expect(attempt(() => slerp(a, b)(three))).toMatchObject({ left: { _tag: 'ShapeError' } });
  });

  test('of equal ends is constant', async () => {
    const same = await numbersOf(() => slerp(a, a)(0.3));
    expect(relativeDistance(same, await numbersOf(() => a))).toBeLessThan(1e-15);
  });

  test('is linear between ends without a unique arc', async () => {
    const from = [...polar(2, 0.3), ...polar(2, 0.3), 0, 0, 0, 0];
    const to = [...polar(3, 0.3 + Math.PI), ...polar(3, 0.3 + Math.PI + 1e-5), ...polar(3, 1), 0, 0];
    for (const weight of [0, 0.3, 0.5, 1, 1.5]) {
      const actual = await numbersOf(() => slerp(constantOf(from, 4, 2), constantOf(to, 4, 2))(weight));
      const line = from.map((x, i) => (1 - weight) * x + weight * to[i]!);
      expect(Math.hypot(...actual.map((x, i) => x - line[i]!))).toBeLessThan(1e-14);
    }
  });

  test.each([
    ['reference', undefined, 1e-15],
    ['wasm', wasm(), 1e-6],
  ])('has the slopes 1-w and w between ends without a unique arc, %s', async (_, backend, tolerance) => {
    // equal, in one direction, opposite, from 0, to 0, and both 0
    const from = constantOf([3, 4, 3, 4, 3, 4, 0, 0, 3, 4, 0, 0], 6, 2) as Tensor<[6, 2]>;
    const to = constantOf([3, 4, 6, 8, -3, -4, 3, 4, 0, 0, 0, 0], 6, 2) as Tensor<[6, 2]>;
    const byFrom = await numbersOf(() => grad((x: Tensor<[6, 2]>) => sum(slerp(x, to)(0.3)))(from), backend);
    for (const slope of byFrom) expect(Math.abs(slope - 0.7)).toBeLessThan(tolerance);
    const byTo = await numbersOf(() => grad((x: Tensor<[6, 2]>) => sum(slerp(from, x)(0.3)))(to), backend);
    for (const slope of byTo) expect(Math.abs(slope - 0.3)).toBeLessThan(tolerance);
  });

  test('has the slopes of the formula on an arc', async () => {
    // from (1, 0) to (cos θ, sin θ): the derivative of (cos wθ, sin wθ) by θ is w·(-sin wθ, cos wθ)
    const [theta, w] = [0.8, 0.3];
    const end = (angle: Tensor<[]>) => reshape(stack([cos(angle), sin(angle)], 0), 1, 2);
    const slopes = await numbersOf(
      () =>
        jvp((angle: Tensor<[]>) => slerp(constantOf([1, 0], 1, 2), end(angle))(w))(scalar(theta), scalar(1)).tangent,
    );
    expect(relativeDistance(slopes, [-w * Math.sin(w * theta), w * Math.cos(w * theta)])).toBeLessThan(1e-14);
  });

  test('in float32 is finite and bounded up to opposite ends', async () => {
    const angles = Array.from({ length: 40 }, (_, i) => Math.PI - 10 ** (-i / 5));
    const from = angles.flatMap(() => polar(2, 0));
    const to = angles.flatMap((angle) => polar(2, angle));
    for (const weight of [0.2, 0.5]) {
      const actual = await numbersOf(() => slerp(constantOf(from, 40, 2), constantOf(to, 40, 2))(weight), wasm());
      for (const x of actual) expect(Math.abs(x)).toBeLessThan(2.01);
    }
  });
});
