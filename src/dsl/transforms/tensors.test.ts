import { describe, expect, test } from 'vitest';
import { numbersOf } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import { attempt } from '../../internal/errors.js';
import { grad } from './gradient.js';
import { mul, sub } from '../ops/elementwise/binary.js';
import { constantOf, scalar, zerosLike } from '../ops/constants.js';
import { sum } from '../ops/reduction/reduction.js';
import { square } from '../ops/elementwise/unary.js';
import { dims, dtypeOf, type Scalar, type Tensor } from '../graph/tensor.js';
import { mapTensors, tensorsOf, zipTensors } from './tensors.js';

interface Params {
  readonly w: Tensor<[2]>;
  readonly step: Tensor<[], 'int32'>;
  readonly levels: readonly { readonly b?: Tensor<[]> }[];
}
const params = (): Params => ({
  w: constantOf([1, 2], 2),
  step: scalar(7, 'int32'),
  levels: [{ b: scalar(3) }, {}],
});

test('tensorsOf lists the paths', () => {
  expect(tensorsOf(params()).map(({ path }) => path)).toEqual(['w', 'step', 'levels.0.b']);
});

test('mapTensors keeps shapes and dtypes', () => {
  const zeros = mapTensors(params(), zerosLike);
  expect(dims(zeros.w)).toEqual([2]);
  expect(dtypeOf(zeros.step)).toBe('int32');
  expect(zeros.levels).toHaveLength(2);
});

describe('zipTensors', () => {
  const loss = (p: Params): Scalar => sum(square(p.w));
  const descend = zipTensors((p, g) => sub(p, mul(0.5, g)));

  test('combines parameters with gradients', async () => {
    expect(await numbersOf(() => descend([params(), grad(loss)(params())]).w)).toEqual([0, 0]);
  });

  test('keeps tensors without a gradient', async () => {
    expect(await numbersOf(() => descend([params(), grad(loss)(params())]).step)).toEqual([7]);
  });

  test('rejects fewer trees than parameters of the function', () => {
    expect(attempt(() => descend([params()]))).toMatchObject(
      E.left({ _tag: 'ConfigError', where: 'zipTensors', expected: expect.stringContaining('2 trees') }),
    );
  });
});
