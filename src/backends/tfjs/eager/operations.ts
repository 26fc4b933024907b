/**
 * tfjs's kernels as functions of tensors. TensorFlow registers all kernels named here and accepts the same attributes
 * (tfjs-node 4.22, `src/kernels`).
 */
import type { NumberType } from '../../../dsl/graph/region.js';
import { sizeOf } from '../../../internal/numbers.js';
import { dense, reduced, walk } from '../../shared/strided.js';
import type { Engine, Tensor } from './engine.js';

type Shape = readonly number[];

const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((d, i) => d === b[i]);

const filled = (value: number, elements: number, dtype: NumberType) => {
  const ArrayType = dtype === 'float32' ? Float32Array : dtype === 'int32' ? Int32Array : Uint8Array;
  return new ArrayType(elements).fill(value);
};

/**
 * Products of int32 over axes, which wrap around. The kernels of tfjs multiply in float64, and lose the lowest bits.
 */
const integerProduct = (engine: Engine, numbers: ArrayLike<number>, shape: Shape, axes: Shape): Tensor => {
  const rest = shape.filter((_, axis) => !axes.includes(axis));
  const data = new Int32Array(sizeOf(rest)).fill(1);
  walk(shape, dense(shape), reduced(shape, axes), (from, to) => {
    data[to] = Math.imul(data[to]!, numbers[from]!);
  });
  return engine.tensor(data, rest, 'int32');
};

/** The kernels of an engine, as functions of tensors. */
export const operationsOf = (engine: Engine) => {
  const unary = (kernel: string) => (x: Tensor) => engine.run(kernel, { x }, {});
  /** A binary kernel. The operands have one shape, or broadcast to one by TensorFlow's rules. */
  const binary = (kernel: string) => (a: Tensor, b: Tensor) => engine.run(kernel, { a, b }, {});

  const full = (value: number, shape: Shape, dtype: NumberType): Tensor =>
    engine.tensor(filled(value, sizeOf(shape), dtype), shape, dtype);
  /** 0, 1, 2, … in float32, which is exact up to 2²⁴. */
  const positions = (shape: Shape): Tensor =>
    engine.tensor(
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => i),
      shape,
      'float32',
    );
  const scalar = (value: number, dtype: NumberType): Tensor => full(value, [], dtype);
  const reshape = (x: Tensor, shape: Shape): Tensor =>
    sameShape(x.shape, shape) ? x : engine.run('Reshape', { x }, { shape: [...shape] });
  const cast = (x: Tensor, dtype: NumberType): Tensor => (x.dtype === dtype ? x : engine.run('Cast', { x }, { dtype }));

  const [logicalAnd, logicalOr, logicalNot] = [binary('LogicalAnd'), binary('LogicalOr'), unary('LogicalNot')];
  /**
   * Selects `t` or `e`. All operands must have one shape: TensorFlow's kernel does not broadcast. Its GPU kernel takes
   * no bools.
   */
  const select = (condition: Tensor, t: Tensor, e: Tensor): Tensor =>
    t.dtype === 'bool'
      ? logicalOr(logicalAnd(condition, t), logicalAnd(logicalNot(condition), e))
      : engine.run('Select', { condition, t, e }, {});
  /** Replaces `x` by `value` where `condition` is true. */
  const replaced = (condition: Tensor, value: number, x: Tensor): Tensor =>
    select(condition, full(value, x.shape, x.dtype as NumberType), x);

  /** Runs `work` on a bool tensor as float32, because some GPU kernels of TensorFlow take no bools. */
  const asNumbers = (x: Tensor, work: (x: Tensor) => Tensor): Tensor =>
    x.dtype === 'bool' ? cast(work(cast(x, 'float32')), 'bool') : work(x);

  const slice = (x: Tensor, begin: Shape, size: Shape): Tensor =>
    sameShape(x.shape, size) ? x : engine.run('Slice', { x }, { begin: [...begin], size: [...size] });

  /** Pads each axis with `value` before and after its elements. */
  const padded = (x: Tensor, paddings: readonly (readonly [number, number])[], value: number): Tensor =>
    paddings.flat().every((count) => count === 0)
      ? x
      : asNumbers(x, (y) =>
          engine.run('PadV2', { x: y }, { paddings: paddings.map((pair) => [...pair]), constantValue: value }),
        );

  /** A reduction over axes, which a kernel takes by a name. */
  const reduction =
    (kernel: string, named = 'axis') =>
    (x: Tensor, axes: Shape): Tensor =>
      engine.run(kernel, { x }, { [named]: [...axes], keepDims: false });
  const product = reduction('Prod');

  return {
    ...{ engine, unary, binary, full, scalar, positions, reshape, cast, select, replaced, asNumbers, slice, padded },
    ...{ and: logicalAnd, or: logicalOr, not: logicalNot, isNaN: unary('IsNan'), neg: unary('Neg') },
    ...{ abs: unary('Abs'), isFinite: unary('IsFinite') },
    ...{ add: binary('Add'), sub: binary('Sub'), mul: binary('Multiply'), equal: binary('Equal') },
    ...{ less: binary('Less'), lessEqual: binary('LessEqual'), greater: binary('Greater') },
    ...{ greaterEqual: binary('GreaterEqual'), maximum: binary('Maximum'), minimum: binary('Minimum') },
    ...{ mod: binary('Mod'), floorDiv: binary('FloorDiv'), pow: binary('Pow') },
    transpose: (x: Tensor, permutation: Shape): Tensor => engine.run('Transpose', { x }, { perm: [...permutation] }),
    tile: (x: Tensor, shape: Shape): Tensor =>
      engine.run('Tile', { x }, { reps: shape.map((extent, i) => extent / x.shape[i]!) }),
    stridedSlice: (x: Tensor, begin: Shape, end: Shape, strides: Shape): Tensor =>
      engine.run('StridedSlice', { x }, {
        begin: [...begin], end: [...end], strides: [...strides],
        beginMask: 0, endMask: 0, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0,
      }), // oxfmt-ignore
    reverse: (x: Tensor, axes: Shape): Tensor =>
      asNumbers(x, (y) => engine.run('Reverse', { x: y }, { dims: [...axes] })),
    concat: (parts: readonly Tensor[], axis: number): Tensor =>
      parts.length === 1 ? parts[0]! : engine.run('Concat', parts, { axis }),
    sum: reduction('Sum'),
    any: reduction('Any'),
    min: reduction('Min'),
    max: reduction('Max', 'reductionIndices'),
    prod: (x: Tensor, axes: Shape): Tensor =>
      x.dtype === 'int32' && engine.readNow !== null
        ? integerProduct(engine, engine.readNow(x), x.shape, axes)
        : product(x, axes),
  };
};

export type Operations = ReturnType<typeof operationsOf>;
