/** Constructors of nodes without operands, or with only keys as operands. */
import { raise, refuseShape, showShape } from '../../internal/errors.js';
import {
  type ConstantData,
  type Distribution,
  type DType,
  type Node,
  node,
  type NodeOf,
  pathOf,
} from '../graph/node.js';
import { sizeOf } from '../../internal/numbers.js';
import { demandKey, heldBy, type Numbers } from './checks.js';

/** An input: a tensor or a key, named by its path in the tree of arguments. */
export const input = (path: string, shape: Numbers, dtype: DType): Node => node('input', [], { path }, shape, dtype);

/** An input with the shape, the dtype and, if there is one, the path of a node. */
export const inputLike = (n: Node): Node => input(pathOf(n) ?? '', n.shape, n.dtype);

export const isInput = (n: Node): n is NodeOf<'input'> => n.op === 'input';

/** Constant numbers, in row-major order. Raises `ShapeError` unless there is one for each element. */
export const constant = (data: ConstantData, shape: Numbers, dtype: DType): Node => {
  if (data.length !== sizeOf(shape)) {
    const expected = `${sizeOf(shape)} numbers for ${showShape(shape)}`;
    const hint = 'give one number for each element';
    raise('ShapeError', { where: 'constant', expected, actual: `${data.length}`, hint });
  }
  return node('constant', [], { data: heldBy('constant', dtype, data) }, shape, dtype);
};

/** The index of each element along an axis. Raises `ShapeError` for an axis that an int32 cannot count. */
export const iota = (shape: Numbers, axis: number, dtype: 'float32' | 'int32' = 'int32'): Node =>
  dtype === 'int32' && shape[axis]! > 2 ** 31
    ? refuseShape('iota', 'at most 2^31 elements', shape, 'an int32 counts to 2^31 - 1')
    : node('iota', [], { axis }, shape, dtype);

/** Derives a key from a key and 64 bits. */
export const deriveKey = (key: Node, words: readonly [number, number]): Node => {
  demandKey('fork', key);
  return node('deriveKey', [key], { words }, [], 'key');
};

/** Draws from a key. Element i depends only on the key and i. */
export const random = (distribution: Distribution, key: Node, shape: Numbers): Node => {
  demandKey(distribution, key);
  const isInteger = distribution === 'bits' || distribution === 'permutation';
  return node('random', [key], { distribution }, shape, isInteger ? 'int32' : 'float32');
};
