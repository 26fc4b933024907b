import { describe, expect, test } from 'vitest';
import { reference } from '../../backends/reference/index.js';
import { tfjs } from '../../backends/tfjs/index.js';
import { wasm } from '../../backends/wasm/backend.js';
import { numbersOf } from '../../../properties/diffusion/run.js';
import { E } from '../../internal/fp.js';
import { attempt } from '../../internal/errors.js';
import { type AnyTensor, dims, dtypeOf, type Shape, type Tensor } from '../graph/tensor.js';
import { add } from './elementwise/binary.js';
import { constantOf, fullLike, fullOf, iota, ones, onesLike, scalar, table, zeros, zerosLike } from './constants.js';
import { reshape } from './shape/reshape.js';
import { pad } from './shape/slicing.js';
import { cast, clip } from './elementwise/unary.js';

describe('constants', () => {
  test.each<[string, () => AnyTensor, readonly number[], string]>([
    ['zeros', () => zeros(2, 3), [2, 3], 'float32'],
    ['ones of no axis', () => ones(), [], 'float32'],
    ['fullOf', () => fullOf(0.5, 4), [4], 'float32'],
    ['scalar', () => scalar(3, 'int32'), [], 'int32'],
    ['iota', () => iota(5), [5], 'int32'],
    ['numbers', () => constantOf([1, 2], 2, 1), [2, 1], 'float32'],
    ['integers', () => constantOf(new Int32Array(2), 2), [2], 'int32'],
    ['bytes', () => constantOf(new Uint8Array(2), 2), [2], 'bool'],
    ['a table', () => table(new Float64Array(7)), [7], 'float32'],
    ['zerosLike', () => zerosLike(iota(5)), [5], 'int32'],
    ['onesLike', () => onesLike(zeros(2, 2)), [2, 2], 'float32'],
  ])('%s', (_, build, shape, dtype) => {
    expect(dims(build())).toEqual(shape);
    expect(dtypeOf(build())).toBe(dtype);
  });

  test.each<[string, () => Tensor<Shape, 'bool'>]>([
    ['scalar', () => reshape(scalar(3, 'bool'), 1)],
    ['bytes', () => constantOf(Uint8Array.of(3), 1)],
    ['a margin', () => pad(constantOf(Uint8Array.of(1), 1), 0, 1, 1, 3)],
  ])('a bool is 0 or 1: %s', async (_, build) => {
    for (const backend of [reference(), tfjs('cpu'), wasm()])
      for (const x of await numbersOf(() => cast(build(), 'int32'), backend)) expect(x).toBe(1);
  });

  test.each<[string, () => unknown]>([
    ['scalar', () => scalar(0.5, 'int32')],
    ['a margin', () => pad(iota(3), 0, 1, 1, 0.5)],
    ['an operand', () => add(iota(3), 0.5)],
    ['a bound', () => clip(iota(3), 0.5, 1.5)],
  ])('int32 rejects fractions: %s', (_, build) => {
    expect(attempt(build)).toMatchObject(E.left({ _tag: 'DTypeError' }));
  });

  test('hold the given numbers', async () => {
    expect(await numbersOf(() => iota(3))).toEqual([0, 1, 2]);
    expect(await numbersOf(() => fullLike(zeros(2), 7))).toEqual([7, 7]);
    expect(await numbersOf(() => constantOf([1, 2, 3, 4], 2, 2))).toEqual([1, 2, 3, 4]);
  });

  test('copy the given array', async () => {
    const data = Float32Array.of(1, 2);
    const held = constantOf(data, 2);
    data.fill(9);
    expect(await numbersOf(() => held)).toEqual([1, 2]);
  });

  test('reject invalid extents that are known only at run time', () => {
    for (const n of [-1, 1.5, Number.NaN])
      expect(attempt(() => zeros(2, n))).toMatchObject(E.left({ _tag: 'ShapeError', where: 'zeros' }));
  });

  test('reject a wrong count of numbers', () => {
    expect(attempt(() => constantOf([1, 2, 3] as readonly number[], 2, 2))).toMatchObject(
      E.left({ _tag: 'ShapeError' }),
    );
  });
});
