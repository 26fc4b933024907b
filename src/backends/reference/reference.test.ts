import { expect, test } from 'vitest';
import type { Node } from '../../dsl/graph/node.js';
import * as p from '../../dsl/primitives/index.js';
import { runPlan, unfused, valueOf } from '../../../properties/oracles/plans.js';
import { reference } from './index.js';

const x = (shape: readonly number[], ...numbers: number[]): Node => {
  const size = shape.reduce((a, b) => a * b, 1);
  const data = numbers.length === 0 ? Array.from({ length: size }, (_, i) => i) : numbers;
  return p.constant(Float64Array.from(data), shape, 'float32');
};
const ints = (...numbers: number[]): Node => p.constant(Int32Array.from(numbers), [numbers.length], 'int32');
const bools = (...numbers: number[]): Node => p.constant(Uint8Array.from(numbers), [numbers.length], 'bool');

const evaluate = async (root: Node): Promise<readonly number[]> => {
  const backend = valueOf(await reference()());
  const [result] = await runPlan(backend, unfused([p.stored(root)]), []);
  expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
  return Array.from(result!);
};

/** The expected results of each primitive, computed by hand. */
const cases: Readonly<Record<string, readonly [Node, readonly number[]]>> = {
  'unary neg': [p.neg(x([3], 1, -2, 0.5)), [-1, 2, -0.5]],
  'unary round goes to even': [p.unary('round', x([5], 0.5, 1.5, 2.5, -1.5, 2.4)), [0, 2, 2, -2, 2]],
  'unary on int32 wraps': [p.unary('abs', ints(-2147483648, -3)), [-2147483648, 3]],
  'unary not': [p.unary('not', bools(0, 1)), [1, 0]],
  'unary isFinite': [p.unary('isFinite', x([3], 1, Infinity, NaN)), [1, 0, 0]],
  'binary sub': [p.sub(x([2], 1, 2), x([2], 3, 5)), [-2, -3]],
  'binary mul wraps int32': [p.mul(ints(65537), ints(65537)), [131073]],
  'binary add wraps int32': [p.add(ints(2147483647), ints(1)), [-2147483648]],
  'binary div truncates int32': [p.div(ints(7, -7, 7, 5), ints(2, 2, -2, 0)), [3, -3, -3, 0]],
  'binary mod has the sign of the divisor': [
    p.binary('mod', ints(7, -7, 7, -7, 3), ints(3, 3, -3, -3, 0)),
    [1, 2, -2, -1, 0],
  ],
  'binary mod of float32': [p.binary('mod', x([2], 5.5, -5.5), x([2], 2, 2)), [1.5, 0.5]],
  'binary max keeps NaN': [p.binary('max', x([3], NaN, 1, 2), x([3], 1, NaN, 3)), [NaN, NaN, 3]],
  'binary less': [p.binary('less', x([3], 1, 2, NaN), x([3], 2, 2, 1)), [1, 0, 0]],
  'binary lessEqual': [p.binary('lessEqual', ints(1, 2, 3), ints(2, 2, 2)), [1, 1, 0]],
  'binary and, or': [p.binary('or', bools(0, 1, 0), p.binary('and', bools(1, 1, 0), bools(1, 0, 0))), [1, 1, 0]],
  'binary pow of int32': [p.binary('pow', ints(3, -2, 2, 2), ints(4, 3, -1, 0)), [81, -8, 0, 1]],
  select: [p.select(bools(1, 0), x([2], 1, 2), x([2], 3, 4)), [1, 4]],
  'cast truncates and saturates': [
    p.cast(x([6], 1.9, -1.9, 1e10, -Infinity, NaN, 0), 'int32'),
    [1, -1, 2147483647, -2147483648, 0, 0],
  ],
  'cast to bool': [p.cast(x([3], 0, -0.5, 2), 'bool'), [0, 1, 1]],
  'cast of bool': [p.cast(bools(0, 1), 'float32'), [0, 1]],
  reshape: [p.reshape(x([2, 3]), [3, 2]), [0, 1, 2, 3, 4, 5]],
  transpose: [p.transpose(x([2, 3]), [1, 0]), [0, 3, 1, 4, 2, 5]],
  'transpose of rank 3': [p.transpose(x([2, 1, 3]), [2, 0, 1]), [0, 3, 1, 4, 2, 5]],
  broadcast: [p.broadcast(x([2, 1], 1, 2), [2, 3]), [1, 1, 1, 2, 2, 2]],
  slice: [p.slice(x([3, 4]), [1, 0], [2, 2], [1, 2]), [4, 6, 8, 10]],
  flip: [p.flip(x([2, 3]), [1]), [2, 1, 0, 5, 4, 3]],
  'flip of all axes': [p.flip(x([2, 3]), [0, 1]), [5, 4, 3, 2, 1, 0]],
  pad: [p.pad(x([2], 1, 2), [1], [2], [1], 9), [9, 1, 9, 2, 9, 9]],
  'pad of rank 2': [p.pad(x([1, 2], 1, 2), [0, 1], [1, 0]), [0, 1, 2, 0, 0, 0]],
  concat: [p.concat([x([2, 1], 1, 2), x([2, 2], 3, 4, 5, 6)], 1), [1, 3, 4, 2, 5, 6]],
  iota: [p.iota([2, 3], 0), [0, 0, 0, 1, 1, 1]],
  'iota along the last axis': [p.iota([2, 3], 1, 'float32'), [0, 1, 2, 0, 1, 2]],
  'reduce sum': [p.reduce('sum', x([2, 3]), [1]), [3, 12]],
  'reduce sum of the first axis': [p.reduce('sum', x([2, 3]), [0]), [3, 5, 7]],
  'reduce prod wraps int32': [p.reduce('prod', ints(65537, 65537), [0]), [131073]],
  'reduce max': [p.reduce('max', x([2, 2], -1, -2, -3, NaN), [1]), [-1, NaN]],
  'reduce min of all': [p.reduce('min', x([2, 2], 4, 2, 3, 5), [0, 1]), [2]],
  cumsum: [p.cumsum(x([2, 3]), 1), [0, 1, 3, 3, 7, 12]],
  'cumsum of the first axis, from the end': [p.cumsum(x([2, 2], 1, 2, 3, 4), 0, true), [4, 6, 3, 4]],
  'argmax takes the first of equals': [p.argmax(x([2, 3], 1, 5, 5, 7, 0, 7), 1), [1, 0]],
  'argmax of the first axis': [p.argmax(x([2, 2], 1, 4, 3, 2), 0), [1, 0]],
  topKIndices: [p.topKIndices(x([2, 3], 1, 5, 5, 7, 0, 8), 2), [1, 2, 2, 0]],
  'gather clamps': [p.gather(x([3, 2]), ints(2, 0, 9, -1)), [4, 5, 0, 1, 4, 5, 0, 1]],
  'scatterAdd adds up': [p.scatterAdd(ints(1, 0, 1), x([3, 2]), 3), [2, 3, 4, 6, 0, 0]],
  dot: [p.dot(x([2, 2], 1, 2, 3, 4), x([2, 2], 5, 6, 7, 8)), [19, 22, 43, 50]],
  'dot in batches': [p.dot(x([2, 1, 2]), x([2, 2, 1])), [1, 13]],
  conv2d: [p.conv2d(x([1, 2, 2, 1], 1, 2, 3, 4), x([2, 2, 1, 1], 1, 10, 100, 1000)), [4321]],
  'conv2d with padding and strides': [
    p.conv2d(x([1, 2, 2, 1], 1, 2, 3, 4), x([2, 2, 1, 1], 1, 10, 100, 1000), {
      padding: [[1, 1], [1, 1]],
      strides: [2, 2],
    }), // oxfmt-ignore
    [1000, 200, 30, 4],
  ],
  'conv2d crops with negative padding': [
    p.conv2d(x([1, 1, 4, 1], 1, 2, 3, 4), x([1, 1, 1, 1], 2), { padding: [[0, 0], [-1, -2]] }), // oxfmt-ignore
    [4],
  ],
  'conv2d dilates the image': [
    p.conv2d(x([1, 1, 2, 1], 1, 2), x([1, 2, 1, 1], 1, 10), { lhsDilation: [1, 2] }),
    [1, 20],
  ],
  'conv2d dilates the kernel': [
    p.conv2d(x([1, 1, 4, 1], 1, 2, 3, 4), x([1, 2, 1, 1], 1, 10), { rhsDilation: [1, 2] }),
    [31, 42],
  ],
  'conv2d mixes channels': [
    p.conv2d(x([1, 1, 1, 2], 1, 2), x([1, 1, 2, 2], 1, 2, 10, 20)),
    [21, 42],
  ],
  'conv2d in groups': [p.conv2d(x([1, 1, 1, 2], 1, 2), x([1, 1, 1, 4], 1, 10, 100, 1000), { groups: 2 }), [1, 10, 200, 2000]],
  'conv2d in batch groups': [
    p.conv2d(x([4, 1, 1, 1], 1, 2, 3, 4), x([1, 1, 1, 2], 1, 10), { batchGroups: 2 }),
    [1, 30, 2, 40],
  ],
  stored: [p.stored(x([2], 1, 2)), [1, 2]],
  after: [p.after(x([2], 1, 2), x([3], 3, 4, 5)), [1, 2]],
  stopGradient: [p.stopGradient(x([2], 1, 2)), [1, 2]],
}; // oxfmt-ignore

test.each(Object.entries(cases))('%s', async (_, [root, expected]) => {
  expect(await evaluate(root)).toEqual(expected);
});
