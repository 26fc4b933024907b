import { describe, expect, test } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { reference } from '../../backends/reference/index.js';
import { wasm } from '../../backends/wasm/backend.js';
import { E } from '../../internal/fp.js';
import { attempt } from '../../internal/errors.js';
import {
  add, evaluate, fillSpec, fork, grad, type Key, key, leafSpec, matmul, normal, program, raveling, type Scalar, square,
  sum, type Tensor, treeSpec, using, type Vectors,
} from '../index.js'; // oxfmt-ignore
import { plan } from '../compile/planning.js';

interface Params {
  readonly bias: Tensor<[3]>;
  readonly layers: readonly [Tensor<[4, 4]>, Tensor<[8, 8]>];
}
const spec = treeSpec<Params>({ bias: leafSpec([3]), layers: [leafSpec([4, 4]), leafSpec([8, 8])] });

describe('raveling', () => {
  test('places sizes with many factors of 2 first, each at a multiple of its factors', () => {
    const { leaves, vectors } = raveling(spec);
    expect(leaves).toEqual([
      { path: 'bias', shape: [3], vector: 0, offset: 80 },
      { path: 'layers.0', shape: [4, 4], vector: 0, offset: 64 },
      { path: 'layers.1', shape: [8, 8], vector: 0, offset: 0 },
    ]);
    expect(vectors.leaves.map(({ shape }) => shape)).toEqual([[83]]);
  });

  test('begins another vector beyond 2²⁴ elements', () => {
    const large = treeSpec({ a: leafSpec([2 ** 23]), b: leafSpec([2 ** 25]), c: leafSpec([2 ** 23]) });
    const { vectors, leaves } = raveling(large);
    expect(vectors.leaves.map(({ shape }) => shape)).toEqual([[2 ** 23], [2 ** 25], [2 ** 23]]);
    expect(leaves.map(({ vector, offset }) => [vector, offset])).toEqual([[0, 0], [1, 0], [2, 0]]); // oxfmt-ignore
  });

  test('has no vectors for a tree without tensors', () => {
    const { vectors, ravel, unravel } = raveling(treeSpec<object>({}));
    expect([vectors.leaves, ravel({}), unravel([])]).toEqual([[], [], {}]);
  });

  test('rejects other dtypes and symbols', () => {
    const refused = (leaf: ReturnType<typeof leafSpec>) => attempt(() => raveling(treeSpec({ w: leaf })));
    for (const [leaf, actual] of [
      [leafSpec([2], 'int32'), 'int32 [2]'],
      [leafSpec(['C', 2]), 'float32 [C, 2]'],
    ] as const)
      expect(refused(leaf)).toMatchObject(E.left({ _tag: 'ConfigError', where: 'raveling: w', actual }));
  });

  test('rejects a tree that lacks a tensor', () => {
    const { ravel } = raveling(spec);
    expect(attempt(() => ravel({ layers: [] } as unknown as Params))).toMatchObject(
      E.left({
        _tag: 'ConfigError',
        where: 'ravel',
        expected: 'a tensor at layers.1',
        hint: 'give a tree with the same fields as the spec',
      }),
    );
  });

  const draw = (k: Key): Params =>
    fillSpec(spec, ({ path, shape }) => normal(fork(k, path)[path]!, ...(shape as readonly number[])));
  const { vectors, ravel, unravel } = raveling(spec);

  for (const [name, backend] of [
    ['the reference', reference],
    ['wasm', wasm],
  ] as const) {
    test(`unravel is the inverse of ravel, on ${name}`, async () => {
      const there = program({ key: 'key' }, ({ key: k }) => draw(k));
      const back = program({ key: 'key' }, ({ key: k }) => unravel(ravel(draw(k))));
      const [expected, found] = await Promise.all(
        [there, back].map((value) => using(backend())(evaluate(value, {})({ key: key(7) }))()),
      );
      expect(right(found!)).toEqual(right(expected!));
    });

    test(`gradients with respect to the tree and to its vectors are equal, on ${name}`, async () => {
      const loss = ({ bias, layers: [small, large] }: Params): Scalar =>
        [sum(square(bias)), sum(square(matmul(small, small))), sum(square(matmul(large, large)))].reduce((total, one) =>
          add(total, one),
        );
      const byTree = program({ v: vectors }, ({ v }) => ({ v: ravel(grad(loss)(unravel(v))) }));
      const byVectors = program({ v: vectors }, ({ v }) => ({
        v: grad((w: Vectors) => loss(unravel(w)))(v),
      }));
      const inputs = { v: [Float32Array.from({ length: 83 }, (_, i) => Math.sin(i))] };
      const [one, other] = await Promise.all(
        [byTree, byVectors].map((value) => using(backend())(evaluate(value, {})(inputs))()),
      );
      expect(right(one!)).toEqual(right(other!));
    });
  }

  test('keeps the names of tensors in errors and in plans', () => {
    const product = (v: Vectors): Tensor<[8, 8]> => {
      const [, large] = unravel(v).layers;
      return matmul(large, large);
    };
    const result = plan(program({ v: vectors }, ({ v }) => product(v)), {}, { fuses: true, composites: [], scratchElements: () => 0 }); // oxfmt-ignore
    expect(right(result).plan.calls.map(({ origin }) => origin.place)).toEqual(['v.layers.1']);
    const wrong = program({ v: vectors }, ({ v }) => {
      const [small, large] = unravel(v).layers;
      return matmul(large, small as unknown as Tensor<[8, 8]>);
    });
    expect(plan(wrong, {}, { fuses: true, composites: [], scratchElements: () => 0 })).toMatchObject(
      E.left({ where: 'matmul (near v.layers.0)' }),
    );
  });
});
