/** Our own WGSL in addition to tfjs's kernels, which compute int32 and bool in float32 and so keep only 24 bits. */
import type { WebGPUBackend, WebGPUProgram } from '@tensorflow/tfjs-backend-webgpu';
import type { TensorInfo } from '@tensorflow/tfjs-core';
import { sizeOf } from '../../../internal/numbers.js';
import type { Assignment, NumberType } from '../../../dsl/graph/region.js';
import { expressionOf } from '../../webgpu/wgsl/expressions.js';
import { libraryFor } from '../../webgpu/wgsl/library/library.js';
import type { Tensor } from '../eager/engine.js';
import type { Modules } from '../eager/packages.js';

/** A program that assigns `expression` of the `index` of an element to that element. Operands are the arrays A, B and C. */
const programOf = (
  { webgpu_util: { computeDispatch, flatDispatchLayout } }: Modules['webgpu'],
  name: string,
  operands: number,
  size: number,
  statements: string,
): WebGPUProgram => {
  const outputShape = [size];
  const dispatchLayout = flatDispatchLayout(outputShape);
  const workgroupSize: [number, number, number] = [64, 1, 1];
  return {
    variableNames: ['A', 'B', 'C'].slice(0, operands),
    outputShape,
    workgroupSize,
    dispatchLayout,
    dispatch: computeDispatch(dispatchLayout, outputShape, workgroupSize),
    size: true,
    shaderKey: `noisefold ${name}`,
    getUserCode: () =>
      `${libraryFor(statements)}\nfn main(index : i32) { if (index < uniforms.size) { ${statements} } }`,
  };
};

/** The value of an operand in WGSL. */
const valueOf = (array: string, dtype: string): string =>
  dtype === 'bool' ? `(${array}[index] != 0)` : `${array}[index]`;

/** A function of the elements of operands: `load` takes an operand, any other assignment computes. */
type Elementwise = Exclude<Assignment, { op: 'load' | 'index' | 'constant' }>;

/** The reductions of int32, which are all associative, so that the order does not matter. */
const REDUCTIONS = {
  Sum: ['0i', 'total + x'],
  Prod: ['1i', 'total * x'],
  Max: ['i32(-2147483648)', 'max(total, x)'],
  Min: ['2147483647i', 'min(total, x)'],
} as const;

export type IntegerReduction = keyof typeof REDUCTIONS;

export const isReduction = (kernel: string): kernel is IntegerReduction => Object.hasOwn(REDUCTIONS, kernel);

/** The programs, run on a backend. Each result is new. */
export const webgpuPrograms = (engine: Modules['webgpu'], backend: WebGPUBackend) => {
  const run = (
    name: string,
    operands: readonly Tensor[],
    shape: readonly number[],
    dtype: NumberType,
    statements: string,
  ): TensorInfo => {
    const program = programOf(engine, name, operands.length, sizeOf(shape), statements);
    // tfjs makes no shader for operands of more than six axes
    const flat = operands.map(({ dataId, dtype: own, size }): TensorInfo => ({ dataId, dtype: own, shape: [size] }));
    return { ...backend.runWebGPUProgram(program, flat, dtype), shape: [...shape] };
  };

  return {
    /** Computes a function whose operands have one shape. */
    elementwise: (assignment: Elementwise, operands: readonly Tensor[]): TensorInfo => {
      const loads = operands.map(({ dtype }): Assignment => ({ op: 'load', load: 0, dtype: dtype as NumberType })); // our dtypes
      const values = operands.map(({ dtype }, i) => valueOf('ABC'[i]!, dtype));
      const value = expressionOf(assignment, loads, (position) => values[position]!, 1);
      const name = [assignment.op, 'fn' in assignment ? assignment.fn : '', assignment.dtype].join(' ');
      const output = assignment.dtype === 'bool' ? `i32(${value})` : value;
      return run(name, operands, operands[0]!.shape, assignment.dtype, `result[index] = ${output};`);
    },
    /** The upper 16 bits of int32 as float32, -2¹⁵ … 2¹⁵ - 1. */
    high: (x: Tensor): TensorInfo => run('high', [x], x.shape, 'float32', 'result[index] = f32(A[index] >> 16u);'),
    /** The lower 16 bits of int32 as float32, 0 … 2¹⁶ - 1. */
    low: (x: Tensor): TensorInfo => run('low', [x], x.shape, 'float32', 'result[index] = f32(A[index] & 0xffff);'),
    /** Int32 from sums of its upper and of its lower bits. */
    joined: (high: Tensor, low: Tensor): TensorInfo =>
      run('joined', [high, low], high.shape, 'int32', 'result[index] = (i32(A[index]) << 16u) + i32(B[index]);'),
    /** Reduces the rows of `[rows, extent]` int32 to `[rows]`. */
    reduced: (kernel: IntegerReduction, x: Tensor): TensorInfo => {
      const [rows, extent] = x.shape as [number, number];
      const [first, next] = REDUCTIONS[kernel];
      const loop = `for (var i = 0; i < ${extent}; i++) { let x = A[index * ${extent} + i]; total = ${next}; }`;
      return run(`${kernel} ${extent}`, [x], [rows], 'int32', `var total = ${first}; ${loop} result[index] = total;`);
    },
    /** Cumulative sums of the rows of `[rows, extent]`, from the start or from the end. */
    cumulated: (x: Tensor, isReverse: boolean): TensorInfo => {
      const [dtype, zero] = x.dtype === 'int32' ? (['int32', '0i'] as const) : (['float32', '0.0f'] as const);
      const extent = x.shape[1]!;
      const [from, to] = isReverse ? ['at', `${extent}`] : ['0', 'at + 1'];
      const loop = `for (var i = ${from}; i < ${to}; i++) { total += A[index - at + i]; }`;
      const statements = `let at = index % ${extent}; var total = ${zero}; ${loop} result[index] = total;`;
      return run(`cumulated ${extent} ${isReverse}`, [x], x.shape, dtype, statements);
    },
  };
};

export type WebgpuPrograms = ReturnType<typeof webgpuPrograms>;
