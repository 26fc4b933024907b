import { describe, expect, test } from 'vitest';
import { numbersOf, outcomeOf } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import {
  type AnyTensor, checkpoint, constantOf, exp, grad, jvp, mean, mul, scalar, type Scalar, square, sum, type Tensor,
  valueAndGrad, valueAuxAndGrad, vjp, vmap,
} from '../index.js'; // prettier-ignore

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
