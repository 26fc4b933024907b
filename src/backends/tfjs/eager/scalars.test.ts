/** Tests edge cases of scalar functions on tensors against `dsl/primitives/scalar.ts`. */
import { afterAll, describe, expect, test } from 'vitest';
import { runPlan, unfused, valueOf } from '../../../../properties/oracles/plans.js';
import { skippedFor } from '../../../../properties/skips.js';
import { noWebgpu } from '../../../../properties/webgpu.js';
import type { Backend, HostArray } from '../../../dsl/plan/backend.js';
import { type BinaryFn, type DType, type Node, node, type UnaryFn } from '../../../dsl/graph/node.js';
import * as p from '../../../dsl/primitives/index.js';
import { reference } from '../../reference/index.js';
import { castFunction } from '../../../dsl/primitives/casts.js';
import { binaryFunction, unaryFunction } from '../../../dsl/primitives/scalar.js';
import { tfjs } from '../index.js';
import { asOnTensorflow } from './testing.js';

const [TOP, BOTTOM] = [2147483647, -2147483648];

const floats = [
  0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3, -3, 0.25, 7.75, -7.75, 88, -88, 1e-10, -1e-10, 1e-5, -1e-5, 1e-3, -1e-3, 0.02, -0.02, 2147483520,
  2147483648, -2147483648, 3e9, -3e9, 1e30, Infinity, -Infinity, NaN,
]; // oxfmt-ignore
const wholes = [0, 1, -1, 2, -2, 3, -3, 7, -7, 46341, 65536, 65537, TOP, TOP - 1, BOTTOM, BOTTOM + 1];

const unaries: readonly UnaryFn[] = [
  'neg', 'abs', 'sign', 'floor', 'ceil', 'round', 'exp', 'expm1', 'log', 'log1p', 'sqrt', 'rsqrt', 'reciprocal',
  'tanh', 'atan', 'sigmoid', 'erf', 'isFinite',
]; // oxfmt-ignore
const binaries: readonly BinaryFn[] = [
  'add', 'sub', 'mul', 'div', 'pow', 'mod', 'max', 'min', 'equal', 'less', 'lessEqual',
]; // oxfmt-ignore

const input = (path: string, n: number, dtype: DType): Node => node('input', [], { path }, [n], dtype);
const arrayOf = (numbers: readonly number[], dtype: DType): HostArray =>
  dtype === 'float32' ? Float32Array.from(numbers) : Int32Array.from(numbers);

/** All ordered pairs of numbers. */
const pairs = (numbers: readonly number[]): readonly (readonly [number, number])[] =>
  numbers.flatMap((a) => numbers.map((b) => [a, b] as const));

/** Compares results: equal, both NaN, or within a few ulp of float32. Infinities must have the same sign. */
const same = (actual: number, expected: number): boolean => {
  if (Object.is(actual, expected) || actual === expected) return true;
  const rounded = Math.fround(expected);
  // devices may flush numbers below 2⁻¹²⁶
  return actual === rounded || Math.abs(actual - rounded) <= 2 ** -21 * Math.abs(rounded) + 2 ** -126;
};

/** Describes all results that differ from the expected ones. */
const differences = (
  what: string,
  operands: readonly (readonly number[])[],
  actual: HostArray,
  expected: (...operands: readonly number[]) => number,
): readonly string[] =>
  operands.flatMap((values, i) => {
    const expectedValue = expected(...values);
    return same(actual[i]!, expectedValue)
      ? []
      : [`${what}(${values.join(', ')}) = ${actual[i]}, not ${expectedValue}`];
  });

const backends: readonly (readonly [name: string, missing: string, open: () => Promise<Backend>])[] = [
  ['tfjs-cpu', '', async () => valueOf(await tfjs('cpu')())],
  ['tfjs as on TensorFlow', '', async () => asOnTensorflow()],
  ['tfjs-wasm', '', async () => valueOf(await tfjs('wasm')())],
  ['tfjs-webgpu', noWebgpu, async () => valueOf(await tfjs('webgpu')())],
];

for (const [name, missing, open] of backends)
  describe(name, skippedFor(missing), async () => {
    const backend = missing === '' ? await open() : asOnTensorflow(); // the tests are listed by name even if they are skipped

    const run = async (root: Node, ...inputs: readonly HostArray[]): Promise<HostArray> =>
      (await runPlan(backend, unfused([root]), inputs))[0]!;

    test.each(unaries)('%s of float32', async (fn) => {
      const x = input('x', floats.length, 'float32');
      const data = arrayOf(floats, 'float32');
      const actual = await run(p.unary(fn, x), data);
      expect(
        differences(
          fn,
          Array.from(data, (a) => [a]),
          actual,
          unaryFunction(fn, 'float32'),
        ),
      ).toEqual([]);
    });

    test.each(['neg', 'abs', 'sign'] as const)('%s of int32', async (fn) => {
      const x = input('x', wholes.length, 'int32');
      const actual = await run(p.unary(fn, x), arrayOf(wholes, 'int32'));
      expect(
        differences(
          fn,
          wholes.map((a) => [a]),
          actual,
          unaryFunction(fn, 'int32'),
        ),
      ).toEqual([]);
    });

    test.each(['float16', 'bfloat16'] as const)('%s decodes every half to the same number', async (fn) => {
      const halves = Array.from({ length: 65536 }, (_, half) => (half << 16) | (half ^ 0x1234));
      const x = input('x', halves.length, 'int32');
      const actual = await run(p.unary(fn, x), arrayOf(halves, 'int32'));
      const all = halves.map((a) => [a]);
      expect(differences(fn, all, actual, unaryFunction(fn, 'int32'))).toEqual([]);
    });

    test.each(binaries)('%s of float32', async (fn) => {
      const all = pairs(Array.from(arrayOf(floats, 'float32')));
      const [a, b] = [input('a', all.length, 'float32'), input('b', all.length, 'float32')];
      const sides = [0, 1].map((side) =>
        arrayOf(
          all.map((pair) => pair[side]!),
          'float32',
        ),
      );
      const actual = await run(p.binary(fn, a, b), ...sides);
      const expected = binaryFunction(fn, 'float32');
      expect(differences(fn, all, actual, (x, y) => expected(x!, y!))).toEqual([]);
    });

    test.each(binaries)('%s of int32', async (fn) => {
      const all = pairs(wholes);
      const [a, b] = [input('a', all.length, 'int32'), input('b', all.length, 'int32')];
      const sides = [0, 1].map((side) =>
        arrayOf(
          all.map((pair) => pair[side]!),
          'int32',
        ),
      );
      const actual = await run(p.binary(fn, a, b), ...sides);
      const expected = binaryFunction(fn, 'int32');
      expect(differences(fn, all, actual, (x, y) => expected(x!, y!))).toEqual([]);
    });

    test.each(['int32', 'bool'] as const)('a cast of float32 to %s', async (dtype) => {
      const x = input('x', floats.length, 'float32');
      const data = arrayOf(floats, 'float32');
      const actual = await run(p.cast(x, dtype), data);
      expect(
        differences(
          'cast',
          Array.from(data, (a) => [a]),
          actual,
          castFunction('float32', dtype),
        ),
      ).toEqual([]);
    });

    const moves: Readonly<Record<string, (x: Node) => Node>> = {
      transpose: (x) => p.transpose(p.reshape(x, [2, 2, 4]), [1, 2, 0]),
      slice: (x) => p.slice(x, [1], [5], [2]),
      pad: (x) => p.pad(x, [1], [2], [1], TOP),
      flip: (x) => p.flip(x, [0]),
      concat: (x) => p.concat([x, x], 0),
      broadcast: (x) => p.broadcast(p.reshape(x, [1, 1, 4, 1, 4]), [2, 1, 4, 3, 4]),
      gather: (x) => p.gather(x, p.constant(Int32Array.of(3, 12, 0), [3], 'int32')),
      scatterAdd: (x) =>
        p.scatterAdd(
          p.constant(
            Int32Array.from(wholes, (_, i) => i % 3),
            [16],
            'int32',
          ),
          x,
          3,
        ),
      select: (x) => p.select(p.less(x, p.unary('abs', x)), x, p.unary('neg', x)),
      sum: (x) => p.reduce('sum', p.reshape(x, [2, 2, 4]), [0, 2]),
      prod: (x) => p.reduce('prod', p.reshape(x, [4, 4]), [0]),
      max: (x) => p.reduce('max', p.reshape(x, [4, 4]), [1]),
      min: (x) => p.reduce('min', p.reshape(x, [4, 4]), [0]),
      cumsum: (x) => p.cumsum(p.reshape(x, [2, 4, 2]), 1),
      'cumsum from the end': (x) => p.cumsum(p.reshape(x, [4, 4]), 0, true),
    };
    test.each(Object.entries(moves))('%s keeps all bits of int32', async (_name, build) => {
      const root = build(input('x', wholes.length, 'int32'));
      const oracle = valueOf(await reference()());
      const [expected] = await runPlan(oracle, unfused([root]), [arrayOf(wholes, 'int32')]);
      expect(Array.from(await run(root, arrayOf(wholes, 'int32')))).toEqual(Array.from(expected!));
    });

    /** Operations on `[2, 3, 1, 2, 2]` and `[2, 3, 1, 2, 1, 2]`: some kernels take four axes. */
    const manyAxes: Readonly<Record<string, (x: Node) => Node>> = {
      transpose: (x) =>
        p.transpose(
          x,
          x.shape.map((_, i) => (i + 2) % x.shape.length),
        ),
      slice: (x) =>
        p.slice(
          x,
          x.shape.map((_, i) => Number(i === 1)),
          x.shape.map((d, i) => (i === 1 ? 2 : d)),
        ),
      'slice with strides': (x) =>
        p.slice(
          x,
          x.shape.map(() => 0),
          x.shape.map((d, i) => (i < 2 ? Math.ceil(d / 2) : d)),
          x.shape.map((_, i) => (i < 2 ? 2 : 1)),
        ),
      pad: (x) =>
        p.pad(
          x,
          x.shape.map(() => 1),
          x.shape.map((_, i) => i % 2),
          x.shape.map((_, i) => Number(i === 1)),
          7,
        ),
      flip: (x) => p.flip(x, [0, 1, 3]),
      concat: (x) => p.concat([x, x], 2),
      broadcast: (x) =>
        p.broadcast(
          x,
          x.shape.map((d) => (d === 1 ? 3 : d)),
        ),
      sum: (x) => p.reduce('sum', x, [0, 3]),
      max: (x) => p.reduce('max', x, [1]),
      cumsum: (x) => p.cumsum(x, 1),
      argmax: (x) => p.argmax(x, 1),
      topK: (x) => p.topKIndices(x, 1),
      gather: (x) => p.gather(x, p.constant(Int32Array.of(1, 0, 1), [3], 'int32')),
      scatterAdd: (x) => p.scatterAdd(p.constant(Int32Array.of(1, 1), [2], 'int32'), x, 3),
      select: (x) => p.select(p.less(x, p.unary('neg', x)), x, p.unary('exp', x)),
      max2: (x) => p.binary('max', x, p.unary('neg', x)),
    };
    test.each(Object.entries(manyAxes))('%s of many axes', async (_name, build) => {
      const oracle = valueOf(await reference()());
      for (const shape of [
        [2, 3, 1, 2, 2],
        [2, 3, 1, 2, 1, 2],
      ])
        for (const dtype of ['float32', 'int32', 'bool'] as const) {
          if (dtype === 'bool' && /sum|max|topK|scatterAdd|select/.test(_name)) continue;
          if (dtype === 'int32' && _name === 'select') continue;
          const data = arrayOf(
            Array.from({ length: 24 }, (_, i) => (dtype === 'bool' ? i % 2 : (i * 7) % 24)),
            dtype,
          );
          const root = build(p.reshape(input('x', 24, dtype), shape));
          const [expected] = await runPlan(oracle, unfused([root]), [data]);
          const actual = await run(root, data);
          expect(
            differences(
              dtype,
              Array.from(expected!, (_, i) => [i]),
              actual,
              (i) => expected![i!]!,
            ),
          ).toEqual([]);
        }
    });

    const rows = [[1, NaN, 3], [NaN, 1, 2], [-Infinity, -Infinity, -Infinity], [2, 5, 5]] as const; // oxfmt-ignore
    test.each(['max', 'min', 'argmax'] as const)('%s of rows with NaN', async (fn) => {
      const x = input('x', 12, 'float32');
      const table = p.reshape(x, [4, 3]);
      const actual = await run(
        fn === 'argmax' ? p.argmax(table, 1) : p.reduce(fn, table, [1]),
        Float32Array.from(rows.flat()),
      );
      const expected = { max: [NaN, NaN, -Infinity, 5], min: [NaN, NaN, -Infinity, 2], argmax: [1, 0, 0, 1] };
      expect(Array.from(actual)).toEqual(expected[fn]);
    });

    test('indices out of range are clamped to the nearest row', async () => {
      const x = input('x', 3, 'float32');
      const indices = input('i', 4, 'int32');
      const at = Int32Array.of(-5, 0, 2, 9);
      expect(Array.from(await run(p.gather(x, indices), Float32Array.of(7, 8, 9), at))).toEqual([7, 7, 9, 9]);
      const updates = input('u', 4, 'float32');
      // an infinite row does not affect the others
      expect(Array.from(await run(p.scatterAdd(indices, updates, 3), at, Float32Array.of(1, 2, 3, Infinity)))).toEqual([3, 0, Infinity]); // oxfmt-ignore
    });

    afterAll(async () => {
      await backend.close();
    });
  });
