/** Wraps a tfjs backend as an engine that runs kernels by name on tensors in the backend's own memory. */
import {
  engine as tfjs,
  getKernel,
  type KernelBackend,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type Tensor,
  type TypedArray,
} from '@tensorflow/tfjs-core';
import type { NumberType } from '../../../dsl/graph/region.js';
import { listOf } from '../tensors.js';

export type { Tensor } from '@tensorflow/tfjs-core';

/** Operands by tfjs's names, or a list for kernels with any number of operands. */
export type Operands = Readonly<Record<string, Tensor>> | readonly Tensor[];

export interface Engine {
  /** The name under which the backend's kernels are registered with tfjs. */
  readonly name: string;
  readonly has: (kernel: string) => boolean;
  readonly run: (kernel: string, operands: Operands, attributes: NamedAttrMap) => Tensor;
  /** Makes a tensor. tfjs may keep `data`, so the array must not change afterwards. */
  readonly tensor: (data: TypedArray, shape: readonly number[], dtype: NumberType) => Tensor;
  /** Waits for a tensor and returns its numbers. The array may belong to tfjs, so do not write to it. */
  readonly read: (tensor: Tensor) => TypedArray;
  /** Runs `work` and disposes of all tensors that it makes except its result. */
  readonly scoped: (work: () => Tensor) => Tensor;
}

/** The engine of a tfjs backend that is registered as `name`. */
export const engineOf = (name: string, backend: KernelBackend): Engine => {
  // the cast adds undefined: tfjs's type claims that every kernel exists
  const kernelOf = (kernel: string) => getKernel(kernel, name) as ReturnType<typeof getKernel> | undefined;
  return {
    name,
    has: (kernel) => kernelOf(kernel) !== undefined,
    run: (kernel, operands, attributes) => {
      const found = kernelOf(kernel);
      if (found === undefined) throw new Error(`tfjs's ${name} backend has no kernel ${kernel}`);
      const [result] = listOf(
        // the cast allows a list, which some kernels take although tfjs's types do not say so
        found.kernelFunc({ inputs: operands as NamedTensorInfoMap, backend, attrs: attributes }),
      );
      // some kernels return tensors, others only tensor infos
      return 'dispose' in result! ? (result as Tensor) : tfjs().makeTensorFromTensorInfo(result!, backend);
    },
    tensor: (data, shape, dtype) => tfjs().makeTensor(data, [...shape], dtype, backend),
    read: ({ dataId }) => backend.readSync(dataId) as TypedArray, // the cast is safe: our dtypes are all numbers
    // `keep` protects the result from a tidy scope of the user that this code may run in
    scoped: (work) => tfjs().keep(tfjs().tidy(work)),
  };
};
