/**
 * An engine with the ways of TensorFlow's kernels, where they differ from those of tfjs's cpu backend: NaN is passed by
 * or not, as it happens; what has no result as a whole number is an error, or any number. What holds on this one asks
 * nothing of TensorFlow that it does not promise.
 */
import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import type { NumberType } from '../../../dsl/region.js';
import type { Engine, Operands, Tensor } from './engine.js';

/** The kernels that tfjs-node 4.22 registers for TensorFlow, of those used here: read in its `src/kernels`. */
const REGISTERED: ReadonlySet<string> = new Set([
  'Abs', 'Add', 'Any', 'Atan', 'BatchMatMul', 'Cast', 'Ceil', 'Concat', 'Conv2D', 'Conv2DBackpropFilter', 'Cos',
  'Cumsum', 'Equal', 'Erf', 'Exp', 'Expm1', 'Floor', 'FloorDiv', 'GatherNd', 'Greater', 'GreaterEqual', 'IsFinite',
  'IsNan', 'Less', 'LessEqual', 'Log', 'Log1p', 'LogicalAnd', 'LogicalNot', 'LogicalOr', 'Max', 'Maximum', 'Min',
  'Minimum', 'Mod', 'Multiply', 'Neg', 'PadV2', 'Pow', 'Prod', 'RealDiv', 'Reciprocal', 'Reshape', 'Reverse', 'Round',
  'Rsqrt', 'ScatterNd', 'Select', 'Sigmoid', 'Sign', 'Sin', 'Slice', 'Sqrt', 'StridedSlice', 'Sub', 'Sum', 'Tan',
  'Tanh', 'Tile', 'Transpose',
]); // prettier-ignore

const refused = (why: string): never => {
  throw new Error(`TensorFlow: ${why}`);
};

/** The power of whole numbers, wrapped around. */
const wrappedPower = (a: number, b: number): number => {
  if (b < 0) return refused('integers to negative powers are not allowed');
  return Number(BigInt.asIntN(32, powerModulo(BigInt(a), BigInt(b))));
};

const powerModulo = (a: bigint, b: bigint): bigint => {
  let [result, base] = [1n, a];
  for (let left = b; left > 0n; left >>= 1n) {
    if (left & 1n) result = BigInt.asIntN(32, result * base);
    base = BigInt.asIntN(32, base * base);
  }
  return result;
};

const dividing =
  (f: (a: number, b: number) => number) =>
  (a: number, b: number): number => {
    if (b === 0) return refused('integer division by zero');
    if (a === -2147483648 && b === -1) return refused('a signal of the processor');
    return f(a, b);
  };

const wholes: Readonly<Record<string, (a: number, b: number) => number>> = {
  Multiply: Math.imul,
  Pow: wrappedPower,
  FloorDiv: dividing((a, b) => Math.floor(a / b)),
  Mod: dividing((a, b) => a - b * Math.floor(a / b)),
};

/** The remainder of the floor, rounded to float32 on the way: what is hardly below 0 vanishes beside the divisor. */
const floorMod = (a: number, b: number): number => {
  const rest = a % b;
  return a < 0 === b < 0 ? rest : Math.fround(rest + b) % b;
};

const floats: Readonly<Record<string, (a: number, b: number) => number>> = {
  Maximum: (a, b) => (a < b ? b : a),
  Minimum: (a, b) => (b < a ? b : a),
  // C's: 1 to any power is 1, and -1 to an infinite one
  Pow: (a, b) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b),
  Mod: floorMod,
};

const withoutNaN = (data: ArrayLike<number>, instead: number): Float32Array =>
  Float32Array.from(data, (x) => (Number.isNaN(x) ? instead : x));

const rowsWithin = (indices: ArrayLike<number>, rows: number): void => {
  for (let i = 0; i < indices.length; i++)
    if (indices[i]! < 0 || indices[i]! >= rows) refused(`index ${indices[i]} is not in [0, ${rows})`);
};

const changedOn = (engine: Engine) => {
  const { read, tensor } = engine;
  const again = (x: Tensor, data: Float32Array | Int32Array): Tensor =>
    tensor(data, x.shape, x.dtype as NumberType); // as our dtypes are

  /** Elementwise, of two operands of one shape, or one of which is a number; null otherwise. */
  const pairwise = (f: (a: number, b: number) => number, { a, b }: Readonly<Record<string, Tensor>>): Tensor | null => {
    if (a!.size !== b!.size && a!.size !== 1 && b!.size !== 1) return null;
    const larger = a!.size >= b!.size ? a! : b!;
    const [x, y] = [read(a!), read(b!)];
    const of = larger.dtype === 'int32' ? Int32Array : Float32Array;
    const data = new of(larger.size).map((_, i) => f(x[x.length === 1 ? 0 : i]!, y[y.length === 1 ? 0 : i]!));
    return again(larger, data);
  }; // prettier-ignore

  /** What TensorFlow would give, or null where it gives what tfjs's cpu backend does. */
  return (kernel: string, operands: Operands, attributes: NamedAttrMap): Tensor | null => {
    const given = operands as Readonly<Record<string, Tensor>>; // a list has none of the names
    const { a, x } = given;
    if (a !== undefined) {
      const f = (a.dtype === 'int32' ? wholes : floats)[kernel];
      return f === undefined ? null : pairwise(f, given);
    }
    switch (kernel) {
      case 'Sign':
        return x!.dtype === 'float32' ? again(x!, withoutNaN(read(x!), 0).map(Math.sign)) : null;
      case 'Max':
      case 'Min': {
        if (x!.dtype !== 'float32') return null;
        const passed = withoutNaN(read(x!), kernel === 'Max' ? -Infinity : Infinity);
        return engine.run(kernel, { x: again(x!, passed) }, attributes);
      }
      case 'Cast':
        if (x!.dtype !== 'float32' || attributes['dtype'] !== 'int32') return null;
        // x86's conversion gives the least number for all that is out of range
        return tensor(
          Int32Array.from(read(x!), (n) => (Math.abs(n) < 2 ** 31 ? Math.trunc(n) : -(2 ** 31))),
          x!.shape,
          'int32',
        );
      case 'Select':
        if (given['t']!.dtype === 'bool') refused('no kernel of Select for bools on a GPU');
        return given['condition']!.size === given['t']!.size ? null : refused('operands of one shape');
      case 'GatherNd':
        rowsWithin(read(given['indices']!), given['params']!.shape[0]!);
        return given['params']!.dtype === 'bool' ? refused('no kernel of GatherNd for bools on a GPU') : null;
      case 'ScatterNd':
        rowsWithin(read(given['indices']!), (attributes['shape'] as number[])[0]!);
        return null;
      case 'PadV2':
      case 'Reverse':
        return x!.dtype === 'bool' ? refused(`no kernel of ${kernel} for bools on a GPU`) : null;
      default:
        return null;
    }
  };
};

/** `engine` (that of tfjs's cpu backend) with the ways of TensorFlow, and no kernels that it has not. */
export const tensorflowLike = (engine: Engine): Engine => {
  const changed = changedOn(engine);
  return {
    ...engine,
    name: 'tensorflow',
    has: (kernel) => REGISTERED.has(kernel),
    run: (kernel, operands, attributes) => {
      if (!REGISTERED.has(kernel)) return refused(`${kernel} was not looked up among its kernels`);
      return changed(kernel, operands, attributes) ?? engine.run(kernel, operands, attributes);
    },
  };
};
