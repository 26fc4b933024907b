/**
 * An engine that imitates TensorFlow's kernels where they differ from tfjs's cpu backend: they may ignore NaN, and
 * integer operations without a defined result are errors or return arbitrary numbers. Code that passes its tests on
 * this engine relies only on results that TensorFlow guarantees.
 */
import type { NamedAttrMap } from '@tensorflow/tfjs-core';
import type { NumberType } from '../../../dsl/graph/region.js';
import { unaryFunction } from '../../../dsl/primitives/scalar.js';
import { allExact, type Engine, type Operands, type Tensor } from './engine.js';

/** The kernels used here that tfjs-node 4.22 registers for TensorFlow, taken from its `src/kernels`. */
const REGISTERED: ReadonlySet<string> = new Set([
  'Abs', 'Add', 'Any', 'Atan', 'BatchMatMul', 'Cast', 'Ceil', 'Concat', 'Conv2D', 'Conv2DBackpropFilter', 'Cos',
  'Cumsum', 'Equal', 'Erf', 'Exp', 'Expm1', 'Floor', 'FloorDiv', 'GatherNd', 'Greater', 'GreaterEqual', 'IsFinite',
  'IsNan', 'Less', 'LessEqual', 'Log', 'Log1p', 'LogicalAnd', 'LogicalNot', 'LogicalOr', 'Max', 'Maximum', 'Min',
  'Minimum', 'Mod', 'Multiply', 'Neg', 'PadV2', 'Pow', 'Prod', 'RealDiv', 'Reciprocal', 'Reshape', 'Reverse', 'Round',
  'Rsqrt', 'ScatterNd', 'Select', 'Sigmoid', 'Sign', 'Sin', 'Slice', 'Sqrt', 'StridedSlice', 'Sub', 'Sum', 'Tan',
  'Tanh', 'Tile', 'Transpose',
]); // oxfmt-ignore

const fail = (why: string): never => {
  throw new Error(`TensorFlow: ${why}`);
};

/** Integer power that wraps around at 32 bits. */
const wrappedPower = (a: number, b: number): number => {
  if (b < 0) return fail('integers to negative powers are not allowed');
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
    if (b === 0) return fail('integer division by zero');
    if (a === -2147483648 && b === -1) return fail('the division overflows, which stops the process (SIGFPE)');
    return f(a, b);
  };

const integerFunctions: Readonly<Record<string, (a: number, b: number) => number>> = {
  Multiply: Math.imul,
  Pow: wrappedPower,
  FloorDiv: dividing((a, b) => Math.floor(a / b)),
  Mod: dividing((a, b) => a - b * Math.floor(a / b)),
};

/**
 * Floored remainder with an intermediate rounding to float32: a tiny negative remainder is lost when the divisor is
 * added.
 */
const floorMod = (a: number, b: number): number => {
  const rest = a % b;
  return a < 0 === b < 0 ? rest : Math.fround(rest + b) % b;
};

const floatFunctions: Readonly<Record<string, (a: number, b: number) => number>> = {
  Maximum: (a, b) => (a < b ? b : a),
  Minimum: (a, b) => (b < a ? b : a),
  // as in C: 1 to any power and -1 to an infinite power are 1
  Pow: (a, b) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b),
  Mod: floorMod,
};

const replaceNaN = (data: ArrayLike<number>, instead: number): Float32Array =>
  Float32Array.from(data, (x) => (Number.isNaN(x) ? instead : x));

const checkIndices = (indices: ArrayLike<number>, rows: number): void => {
  for (let i = 0; i < indices.length; i++)
    if (indices[i]! < 0 || indices[i]! >= rows) fail(`index ${indices[i]} is not in [0, ${rows})`);
};

const overridesOf = (engine: Engine) => {
  const { tensor } = engine;
  const read = engine.readNow!; // the cpu backend of tfjs reads synchronously
  const withData = (x: Tensor, data: Float32Array | Int32Array): Tensor => tensor(data, x.shape, x.dtype as NumberType); // the cast is safe: the engine only has tensors of our dtypes

  /** Applies `f` elementwise to two operands of one shape, or to one and a single number; null for other broadcasts. */
  const pairwise = (f: (a: number, b: number) => number, { a, b }: Readonly<Record<string, Tensor>>): Tensor | null => {
    if (a!.shape.join() !== b!.shape.join() && a!.size !== 1 && b!.size !== 1) return null;
    const larger = a!.size >= b!.size ? a! : b!;
    const [x, y] = [read(a!), read(b!)];
    const ArrayType = larger.dtype === 'int32' ? Int32Array : Float32Array;
    const data = new ArrayType(larger.size).map((_, i) => f(x[x.length === 1 ? 0 : i]!, y[y.length === 1 ? 0 : i]!));
    // a single number may have more axes of extent 1 than the other operand
    const missing = Math.max(a!.rank, b!.rank) - larger.rank;
    return tensor(data, [...Array.from({ length: missing }, () => 1), ...larger.shape], larger.dtype as NumberType); // as in withData
  }; // oxfmt-ignore

  /** Returns TensorFlow's result of a kernel, or null if it equals that of tfjs's cpu backend. */
  return (kernel: string, operands: Operands, attributes: NamedAttrMap): Tensor | null => {
    // the cast is safe: on a list, reading a name gives undefined
    const given = operands as Readonly<Record<string, Tensor>>;
    const { a, x } = given;
    if (a !== undefined) {
      const f = (a.dtype === 'int32' ? integerFunctions : floatFunctions)[kernel];
      return f === undefined ? null : pairwise(f, given);
    }
    switch (kernel) {
      case 'Sign':
        return x!.dtype === 'float32' ? withData(x!, replaceNaN(read(x!), 0).map(Math.sign)) : null;
      case 'Erf': // the function of Eigen, rounded to float32; that of the cpu engine of tfjs has an error of 1.5e-7
        return withData(x!, Float32Array.from(read(x!), unaryFunction('erf', 'float32')));
      case 'Max':
      case 'Min': {
        if (x!.dtype !== 'float32') return null;
        const ignoringNaN = replaceNaN(read(x!), kernel === 'Max' ? -Infinity : Infinity);
        return engine.run(kernel, { x: withData(x!, ignoringNaN) }, attributes);
      }
      case 'Cast':
        if (x!.dtype !== 'float32' || attributes['dtype'] !== 'int32') return null;
        // the conversion on x86 returns -2³¹ for every value out of range
        return tensor(
          Int32Array.from(read(x!), (n) => (Math.abs(n) < 2 ** 31 ? Math.trunc(n) : -(2 ** 31))),
          x!.shape,
          'int32',
        );
      case 'Select':
        if (given['t']!.dtype === 'bool') fail('no kernel of Select for bools on a GPU');
        return given['condition']!.size === given['t']!.size ? null : fail('Select needs operands of one shape');
      case 'GatherNd':
        checkIndices(read(given['indices']!), given['params']!.shape[0]!);
        return given['params']!.dtype === 'bool' ? fail('no kernel of GatherNd for bools on a GPU') : null;
      case 'ScatterNd':
        checkIndices(read(given['indices']!), (attributes['shape'] as number[])[0]!);
        return null;
      case 'PadV2':
      case 'Reverse':
        return x!.dtype === 'bool' ? fail(`no kernel of ${kernel} for bools on a GPU`) : null;
      default:
        return null;
    }
  };
};

/** Wraps tfjs's cpu engine so that it behaves like TensorFlow and has only kernels that TensorFlow registers. */
export const tensorflowLike = (engine: Engine): Engine => {
  const override = overridesOf(engine);
  return {
    ...engine,
    name: 'tensorflow',
    exact: allExact,
    has: (kernel) => REGISTERED.has(kernel),
    run: (kernel, operands, attributes) => {
      if (!REGISTERED.has(kernel)) return fail(`the kernel ${kernel} is not in REGISTERED`);
      return override(kernel, operands, attributes) ?? engine.run(kernel, operands, attributes);
    },
  };
};
