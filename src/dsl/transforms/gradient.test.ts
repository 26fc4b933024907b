import { describe, expect, test } from 'vitest';
import { numbersOf, outcomeOf, right } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import {
  type AnyTensor,
  attempt,
  checkpoint,
  constantOf,
  exp,
  gather,
  grad,
  jvp,
  mean,
  mul,
  program,
  scalar,
  type Scalar,
  sin,
  square,
  sum,
  tanh,
  type Tensor,
  valueAndGrad,
  valueAuxAndGrad,
  vjp,
  vmap,
  zeros,
} from '../index.js';
import { plan } from '../compile/planning.js';

const w = constantOf([1, -2], 2);

describe('valueAuxAndGrad', () => {
  const build = () =>
    valueAuxAndGrad((v: Tensor<[2]>, by: Scalar) => {
      const each = exp(v);
      return [mul(sum(square(v)), by), { each, total: sum(each) }] as const;
    })(w, scalar(3));

  test('returns the auxiliary results at the arguments', async () => {
    expect(await numbersOf(() => build().value)).toEqual([15]);
    expect(await numbersOf(() => build().grad as Tensor<[2]>)).toEqual([6, -12]);
    const [first, second] = await numbersOf(() => build().aux.each);
    expect(first).toBeCloseTo(Math.exp(1), 12);
    expect(second).toBeCloseTo(Math.exp(-2), 12);
    expect((await numbersOf(() => build().aux.total))[0]).toBeCloseTo(Math.exp(1) + Math.exp(-2), 12);
  });

  test('does not differentiate the auxiliary results', async () => {
    const plain = await numbersOf(() => grad((v: Tensor<[2]>) => sum(square(v)))(w) as Tensor<[2]>);
    const beside = await numbersOf(
      () => valueAuxAndGrad((v: Tensor<[2]>) => [sum(square(v)), exp(v)] as const)(w).grad as Tensor<[2]>,
    );
    expect(beside).toEqual(plain);
  });
});

describe('rejects a tensor that leaves its function', () => {
  const left = (into: (keep: (x: AnyTensor) => void) => AnyTensor) => async () => {
    const kept: AnyTensor[] = [];
    const outcome = await outcomeOf(() => {
      into((x) => kept.push(x));
      return kept[0] as Tensor<[]>;
    })();
    expect(outcome).toMatchObject(E.left({ _tag: 'ConfigError', where: 'compile' }));
    expect(E.isLeft(outcome) && outcome.left.message).toContain('a tensor that was made inside a function');
  };
  const loss = (keep: (x: AnyTensor) => void) => (v: Tensor<[2]>) => {
    keep(sum(exp(v)));
    return mean(square(v));
  };
  test(
    'of grad',
    left((keep) => grad(loss(keep))(w) as Tensor<[2]>),
  );
  test(
    'of valueAndGrad',
    left((keep) => valueAndGrad(loss(keep))(w).value),
  );
  test(
    'of vjp',
    left((keep) => vjp(loss(keep))(w).value),
  );
  test(
    'of jvp',
    left((keep) => jvp(loss(keep))(w, w as never).value),
  );
  test(
    'of vmap',
    left((keep) => vmap(loss(keep))(constantOf([1, 2, 3, 4], 2, 2))),
  );
  test(
    'of checkpoint',
    left((keep) => checkpoint(loss(keep))(w)),
  );
});

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
