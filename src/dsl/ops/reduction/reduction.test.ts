import { describe, expect, test } from 'vitest';
import { reference } from '../../../backends/reference/index.js';
import { tfjs } from '../../../backends/tfjs/index.js';
import { wasm } from '../../../backends/wasm/backend.js';
import { webgpu } from '../../../backends/webgpu/index.js';
import { skippedFor } from '../../../../properties/skips.js';
import { noWebgpu } from '../../../../properties/webgpu.js';
import { numbersOf } from '../../../../properties/diffusion/run.js';
import { E } from '../../../internal/fp.js';
import { attempt } from '../../../internal/errors.js';
import { grad } from '../../transforms/gradient.js';
import { dims, type Scalar, type Shape, type Tensor } from '../../graph/tensor.js';
import { softmax } from '../elementwise/activation.js';
import { greater } from '../elementwise/binary.js';
import { constantOf, iota, ones, table, zeros } from '../constants.js';
import { gather, oneHot, scatterAdd, topK } from '../indexing/indexing.js';
import { cast } from '../elementwise/unary.js';
import { transpose } from '../shape/reshape.js';
import { expectOperation, floats, integers } from '../../../../properties/expectOperation.js';
import { cumprod, norm } from './reduction.js';
import * as reduction from './reduction.js';

const xs = [3, 1, 2, 6, 5, 4];
const grid = (): Tensor<[2, 3]> => constantOf(xs, 2, 3);
const { sum, mean, max, min } = reduction;

describe('argmax and topK count NaN as ∞, and the first of equal elements comes first', () => {
  describe.each([
    ['reference', '', reference()],
    ['tfjs-cpu', '', tfjs('cpu')],
    ['wasm', '', wasm()],
    ['webgpu', noWebgpu, webgpu()],
  ])('%s', (_, missing, backend) => {
    const rows = (): Tensor<[5, 4]> =>
      constantOf([NaN, 5, 1, 6, 5, NaN, 7, 6, 1, Infinity, NaN, 2, 1, NaN, Infinity, 2, 3, 5, 5, 4], 5, 4);
    test('argmax', skippedFor(missing), async () => {
      expect(await numbersOf(() => reduction.argmax(rows(), 1), backend)).toEqual([0, 1, 1, 1, 1]);
      expect(await numbersOf(() => reduction.argmax(transpose(rows(), 1, 0), 0), backend)).toEqual([0, 1, 1, 1, 1]);
    });
    test('topK', skippedFor(missing), async () => {
      expect(await numbersOf(() => topK(rows(), 1).indices, backend)).toEqual([0, 1, 1, 1, 1]);
      expect(await numbersOf(() => topK(rows(), 3).indices, backend)).toEqual([
        0, 3, 1, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3,
      ]);
      const values = await numbersOf(() => topK(rows(), 2).values, backend);
      expect(values).toEqual([NaN, 6, NaN, 7, Infinity, NaN, NaN, Infinity, 5, 5]);
    });
  });
});

describe('reductions', () => {
  test.each<[string, (x: Tensor<[2, 3]>) => Tensor<Shape, 'float32' | 'int32'>, readonly number[]]>([
    ['sum', reduction.sum, [21]],
    ['prod', reduction.prod, [720]],
    ['mean', reduction.mean, [3.5]],
    ['max', reduction.max, [6]],
    ['min', reduction.min, [1]],
    ['sum of rows', sum(0), [9, 6, 6]],
    ['sum over both axes', sum([0, -1]), [21]],
    ['sum over no axis', sum([]), xs],
    ['mean over an axis', mean(-1), [2, 5]],
    ['maxOver', max(1), [3, 6]],
    ['minOver', min(1), [1, 4]],
    ['sumPerSample', reduction.sumPerSample, [6, 15]],
    ['meanPerSample', reduction.meanPerSample, [2, 5]],
    ['cumsum', reduction.cumsum(1), [3, 4, 6, 6, 11, 15]],
    ['argmax', reduction.argmax(-1), [0, 0]],
    ['argmax over rows', reduction.argmax(0), [1, 1, 1]],
  ])('%s', async (_, f, expected) => {
    (await numbersOf(() => f(grid()))).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 12));
  });

  test('variance over an axis and over all', async () => {
    const [a, b] = await numbersOf(() => reduction.variance(grid(), 1));
    expect([a, b]).toEqual([expect.closeTo(2 / 3, 12), expect.closeTo(2 / 3, 12)]);
    expect((await numbersOf(() => reduction.variance(grid())))[0]).toBeCloseTo(35 / 12, 12);
  });

  test('accept empty tensors, and tensors of only −∞', async () => {
    const flag = (x: Tensor<[], 'bool'>): Tensor<[], 'int32'> => cast(x, 'int32');
    const none = (): Tensor<[0], 'bool'> => constantOf(new Uint8Array(0), 0);
    for (const backend of [reference(), tfjs('cpu'), wasm()]) {
      expect(await numbersOf(() => flag(reduction.any(none())), backend)).toEqual([0]);
      expect(await numbersOf(() => flag(reduction.all(none())), backend)).toEqual([1]);
    }
    const least = (): Tensor<[2]> => constantOf([-Infinity, -Infinity], 2);
    expect(await numbersOf(() => reduction.logSumExp(least()))).toEqual([-Infinity]);
    expect(await numbersOf(() => reduction.logSumExp(constantOf([1, Infinity], 2)))).toEqual([Infinity]);
  });

  test('the gradient of logSumExp is the softmax', async () => {
    const x = (): Tensor<[3]> => constantOf([1, 3, 2], 3);
    const gradient = await numbersOf(() => grad((y: Tensor<[3]>) => reduction.logSumExp(y))(x()));
    const expected = await numbersOf(() => softmax(x()));
    gradient.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 12));
  });

  test.each([
    ['max', max, [0, 0.5, 0.5, 0]],
    ['min', min, [0.5, 0, 0, 0.5]],
  ] as const)(
    'the elements that are the %s share its derivative, which is 1 if all move together',
    async (_, of, ends) => {
      const slopes = grad((x: Tensor<[2, 4]>) => sum(of(x, 1)));
      const derivatives = await numbersOf(() => slopes(constantOf([7, 7, 7, 7, 2, 5, 5, 2], 2, 4)));
      expect(derivatives).toEqual([0.25, 0.25, 0.25, 0.25, ...ends]);
    },
  );

  test('logSumExp does not overflow', async () => {
    const big = () => constantOf([1000, 1000, -1000, -1000], 2, 2);
    const [a, b] = await numbersOf(() => reduction.logSumExp(big(), 1));
    expect(a).toBeCloseTo(1000 + Math.LN2, 10);
    expect(b).toBeCloseTo(-1000 + Math.LN2, 10);
    expect(dims(reduction.logSumExp(big()))).toEqual([]);
  });

  test('any and all', async () => {
    const above = (n: number) => greater(grid(), n);
    const flag = cast('int32');
    expect(await numbersOf(() => flag(reduction.any(above(5))))).toEqual([1]);
    expect(await numbersOf(() => flag(reduction.any(above(6))))).toEqual([0]);
    expect(await numbersOf(() => flag(reduction.all(above(0))))).toEqual([1]);
    expect(await numbersOf(() => flag(reduction.all(above(1))))).toEqual([0]);
  });

  test('topK gives the greatest elements of each row and their indices', async () => {
    expect(await numbersOf(() => topK(grid(), 2).values)).toEqual([3, 2, 6, 5]);
    expect(await numbersOf(() => topK(grid(), 2).indices)).toEqual([0, 2, 0, 1]);
    expect(await numbersOf(() => topK(constantOf([1, 9, 3], 3), 1).values)).toEqual([9]);
  });

  test('topK rejects k greater than the extent', () => {
    expect(attempt(() => topK(grid(), 4 as number))).toMatchObject(E.left({ _tag: 'ShapeError' }));
  });
});

describe('indexing', () => {
  const indices = (): Tensor<[3], 'int32'> => constantOf(Int32Array.of(1, 0, 1), 3);

  test('gather takes rows', async () => {
    expect(await numbersOf(() => gather(grid(), indices()))).toEqual([6, 5, 4, 3, 1, 2, 6, 5, 4]);
    expect(await numbersOf(() => gather(table([10, 20]), indices()))).toEqual([20, 10, 20]);
  });

  test('scatterAdd adds the rows of equal indices', async () => {
    expect(await numbersOf(() => scatterAdd(constantOf([1, 2, 3], 3), indices(), 3))).toEqual([2, 4, 0]);
  });

  test('oneHot', async () => {
    expect(await numbersOf(() => oneHot(iota(3), 3))).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
    expect(await numbersOf(() => oneHot(constantOf(Int32Array.of(7, -1), 2), 2))).toEqual([0, 0, 0, 0]);
  });
});

/** The cumulative products of each row. */
const products = (xs: readonly number[], extent: number): readonly number[] => {
  const out: number[] = [];
  xs.forEach((x, i) => out.push(i % extent === 0 ? x : x * out[i - 1]!));
  return out;
};

describe('cumprod', () => {
  test.each([1, 2, 3, 4, 5, 8, 9])('of %d elements', async (extent) => {
    const xs = Array.from({ length: 2 * extent }, (_, i) => ((i * 7) % 5) / 2 - 0.75);
    await expectOperation(
      (x: Tensor<[2, number]>) => cumprod(x, 1),
      [floats(xs, 2, extent)],
      products(xs.map(Math.fround), extent),
    );
  });

  test('with zeros, in value and gradient', async () => {
    const xs = [2, 0, 3, 0, 5];
    await expectOperation((x: Tensor<[5]>) => cumprod(x, 0), [floats(xs)], [2, 0, 0, 0, 0]);
  });

  test('along the first axis, and of integers', async () => {
    await expectOperation((x: Tensor<[2, 2]>) => cumprod(x, 0), [floats([1, 2, 3, 4], 2, 2)], [1, 2, 3, 8]);
    await expectOperation((x: Tensor<[3], 'int32'>) => cumprod(x, -1), [integers([3, -2, 7])], [3, -6, -42], {
      differentiable: false,
    });
  });

  test('rejects an invalid axis', () => {
    expect(attempt(() => cumprod(ones(2, 2), 2 as number))).toMatchObject(E.left({ _tag: 'ShapeError' }));
  });
});

describe('norm', () => {
  const xs = [1, -2, 2, 0.5, 3, -4];

  test('over an axis', async () => {
    const expected = [Math.hypot(1, -2, 2), Math.hypot(0.5, 3, -4)];
    await expectOperation((x: Tensor<[2, 3]>) => norm(x, -1), [floats(xs, 2, 3)], expected);
  });

  test('over all', async () => {
    const all = (x: Tensor<[2, 3]>): Scalar => norm(x);
    await expectOperation(all, [floats(xs, 2, 3)], [Math.hypot(...xs)]);
  });

  test('has the gradient 0 at 0, also for a zero row beside another row', async () => {
    const slopes = grad((x: Tensor<[2, 2]>) => sum(norm(x, -1)));
    expect(await numbersOf(() => slopes(constantOf([0, 0, 3, 4], 2, 2)))).toEqual([
      0,
      0,
      expect.closeTo(0.6, 12),
      expect.closeTo(0.8, 12),
    ]);
    const curvature = grad((x: Tensor<[2]>) => sum(grad((y: Tensor<[2]>) => norm(y))(x)));
    expect(await numbersOf(() => curvature(zeros(2)))).toEqual([0, 0]);
  });
});
