/** Wraps a tfjs backend as an engine that runs kernels by name on tensors in the backend's own memory. */
import type {
  KernelBackend,
  NamedAttrMap,
  NamedTensorInfoMap,
  Tensor,
  TensorInfo,
  TypedArray,
} from '@tensorflow/tfjs-core';
import type { BinaryFn, UnaryFn } from '../../../dsl/graph/node.js';
import type { NumberType } from '../../../dsl/graph/region.js';
import type { NoisefoldError } from '../../../internal/errors.js';
import type { Modules } from './packages.js';

export type { Tensor, TypedArray } from '@tensorflow/tfjs-core';

/** Operands by tfjs's names, or a list for kernels with any number of operands. */
export type Operands = Readonly<Record<string, Tensor>> | readonly Tensor[];

export interface Engine {
  /** The name under which the backend's kernels are registered with tfjs. */
  readonly name: string;
  readonly has: (kernel: string) => boolean;
  readonly run: (kernel: string, operands: Operands, attributes: NamedAttrMap) => Tensor;
  /** Makes a tensor. tfjs may keep `data`, so the array must not change afterwards. */
  readonly tensor: (data: TypedArray, shape: readonly number[], dtype: NumberType) => Tensor;
  /**
   * Waits for a tensor and returns its numbers. The array may belong to tfjs, so do not write to it. Null if the memory can
   * only be read asynchronously.
   */
  readonly readNow: ((tensor: Tensor) => TypedArray) | null;
  /** The same, but possibly asynchronous. It requests the numbers before its first `await`. */
  readonly read: (tensor: Tensor) => TypedArray | Promise<TypedArray>;
  /** Runs `work` and disposes of all tensors that it makes except its result. */
  readonly scoped: (work: () => Tensor) => Tensor;
  /** Computes the scalar functions that the kernels of the engine do not compute exactly enough. */
  readonly exact: ExactScalars;
  /**
   * True if the order of several additions to one element varies from run to run, and therefore the bits of the sum.
   */
  readonly scattersInAnyOrder: boolean;
  /** The parts of a device that fails asynchronously and can be lost; null for engines on the CPU. */
  readonly device: Device | null;
}

/** A scalar function of operands of one shape and dtype. */
export interface ScalarFunction {
  readonly fn: UnaryFn | BinaryFn;
  /** The dtype of the operands. */
  readonly dtype: NumberType;
  readonly result: NumberType;
}

/** Scalar functions that replace kernels of an engine. */
export interface ExactScalars {
  readonly covers: (fn: UnaryFn | BinaryFn, dtype: NumberType) => boolean;
  readonly compute: (scalar: ScalarFunction, operands: readonly Tensor[]) => Tensor;
}

/** The special functions of an engine whose kernels are all exact enough: none. */
export const allExact: ExactScalars = {
  covers: () => false,
  compute: ({ fn }) => {
    throw new Error(`${fn} is left to the kernels of the engine`);
  },
};

/** A GPU, which reports errors after a kernel was started. */
export interface Device {
  /** Runs `work`. The promise resolves to the first error of the device during it, or null. */
  readonly guarded: (work: () => void) => Promise<NoisefoldError | null>;
  /** Runs `work`. The promise resolves to the milliseconds that its kernels take on the device. */
  readonly timed: (work: () => void) => Promise<number>;
  /** The error with which the device was lost, or null. */
  readonly lost: () => NoisefoldError | null;
  readonly destroy: () => void;
}

/** Returns the first result of a kernel. */
const firstOf = (results: TensorInfo | readonly TensorInfo[]): TensorInfo =>
  'dataId' in results ? results : results[0]!;

/** The engine of a tfjs backend that is registered as `name`; `special` replaces what differs from most engines. */
export const engineOf = (
  { engine, getKernel }: Modules['core'],
  name: string,
  backend: KernelBackend,
  special: Partial<Engine> = {},
): Engine => {
  // the cast adds undefined: tfjs's type claims that every kernel exists
  const kernelOf = (kernel: string) => getKernel(kernel, name) as ReturnType<typeof getKernel> | undefined;
  const readNow = ({ dataId }: Tensor): TypedArray => backend.readSync(dataId) as TypedArray; // the cast is safe: our dtypes are all numbers
  return {
    name,
    has: (kernel) => kernelOf(kernel) !== undefined,
    run: (kernel, operands, attributes) => {
      const entry = kernelOf(kernel);
      if (entry === undefined) throw new Error(`tfjs's ${name} backend has no kernel ${kernel}`);
      const result = firstOf(
        // the cast allows a list, which some kernels take although tfjs's types do not say so
        entry.kernelFunc({ inputs: operands as NamedTensorInfoMap, backend, attrs: attributes }),
      );
      // some kernels return tensors, others only tensor infos
      return 'dispose' in result ? (result as Tensor) : engine().makeTensorFromTensorInfo(result, backend);
    },
    tensor: (data, shape, dtype) => engine().makeTensor(data, [...shape], dtype, backend),
    readNow,
    read: readNow,
    // `keep` protects the result from a tidy scope of the user that this code may run in
    scoped: (work) => engine().keep(engine().tidy(work)),
    exact: allExact,
    scattersInAnyOrder: false,
    device: null,
    ...special,
  };
};
