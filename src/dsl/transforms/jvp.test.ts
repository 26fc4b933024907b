import { describe, expect, test } from 'vitest';
import { numbersOf, right } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import { attempt, constantOf, exp, gather, jvp, mul, program, type Scalar, scalar, sin, sum, tanh, type Tensor, zeros } from '../index.js'; // prettier-ignore
import { plan } from '../compile/planning.js';

describe('jvp', () => {
  test('nests: the second derivative along two tangents', async () => {
    const slope = (x: Scalar) => jvp((y: Scalar) => exp(sin(y)))(x, scalar(1)).tangent;
    const [x, at] = [0.7, Math.exp(Math.sin(0.7))];
    expect(await numbersOf(() => jvp(slope)(scalar(x), scalar(2)).tangent)).toEqual([
      expect.closeTo(2 * at * (Math.cos(x) ** 2 - Math.sin(x)), 12),
    ]);
  });

  test('accepts trees: a tangent for each float32 tensor, null for the others', async () => {
    type P = { readonly x: Tensor<[3, 1]>; readonly at: Tensor<[2], 'int32'> };
    const p: P = { x: constantOf([1, 2, 3], 3, 1), at: constantOf(Int32Array.of(2, 0), 2) };
    const { value, tangent } = jvp(({ x, at }: P) => gather(mul(x, x), at))(p, {
      x: constantOf([1, 10, 100], 3, 1),
      at: null,
    });
    expect(await numbersOf(() => value)).toEqual([9, 1]);
    expect(await numbersOf(() => tangent)).toEqual([600, 2]);
  });

  test('does not compute the pullback: a chain takes four calls for each link', () => {
    const chain =
      (n: number) =>
      (x: Tensor<[8]>): Tensor<[8]> =>
        n === 0 ? x : chain(n - 1)(tanh(x));
    const callsOf = (n: number): number => {
      const along = program({ x: '8', v: '8' }, ({ x, v }) => jvp(chain(n))(x, v));
      return right(plan(along, {}, { fuses: false, composites: [], scratchElements: () => 0 })).plan.calls.length;
    };
    // tanh, its square, one minus the square, and the product with the tangent
    expect(callsOf(9) - callsOf(8)).toBe(4);
  });

  test('rejects a tangent of another shape', () => {
    const wrong = attempt(() => jvp((x: Tensor<[2]>) => sum(x))(zeros(2), zeros(3) as never));
    expect(wrong).toMatchObject(E.left({ _tag: 'ShapeError', where: 'jvp' }));
  });
});
