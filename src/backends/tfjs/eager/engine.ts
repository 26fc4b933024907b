/** Any of tfjs's backends as an engine of tensors: its kernels by name, each on whole tensors of its own memory. */
import {
  engine as tfjs,
  getKernel,
  type KernelBackend,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type Tensor,
  type TypedArray,
} from '@tensorflow/tfjs-core';
import type { NumberType } from '../../../dsl/region.js';
import { listOf } from '../tensors.js';

export type { Tensor } from '@tensorflow/tfjs-core';

/** Operands by the names that tfjs gives them; a list where a kernel takes any number. */
export type Operands = Readonly<Record<string, Tensor>> | readonly Tensor[];

export interface Engine {
  /** The name under which tfjs knows the backend: its kernels are registered with it. */
  readonly name: string;
  readonly has: (kernel: string) => boolean;
  readonly run: (kernel: string, operands: Operands, attributes: NamedAttrMap) => Tensor;
  /** A tensor of these numbers. tfjs may keep the array: it must not change afterwards. */
  readonly tensor: (data: TypedArray, shape: readonly number[], dtype: NumberType) => Tensor;
  /** Waits for a tensor, and gives its numbers; they may be tfjs's own, and are not to be written to. */
  readonly read: (tensor: Tensor) => TypedArray;
  /** Whatever tensors `work` makes are disposed of, but for its result. */
  readonly scoped: (work: () => Tensor) => Tensor;
}

export const engineOf = (name: string, backend: KernelBackend): Engine => {
  const kernelOf = (kernel: string) => getKernel(kernel, name) as ReturnType<typeof getKernel> | undefined; // its type has it always found
  return {
    name,
    has: (kernel) => kernelOf(kernel) !== undefined,
    run: (kernel, operands, attributes) => {
      const found = kernelOf(kernel);
      if (found === undefined) throw new Error(`tfjs's ${name} backend has no kernel ${kernel}`);
      const [result] = listOf(
        // some kernels take a list, which tfjs's types leave out
        found.kernelFunc({ inputs: operands as NamedTensorInfoMap, backend, attrs: attributes }),
      );
      // some give tensors, and some what tfjs makes tensors of
      return 'dispose' in result! ? (result as Tensor) : tfjs().makeTensorFromTensorInfo(result!, backend);
    },
    tensor: (data, shape, dtype) => tfjs().makeTensor(data, [...shape], dtype, backend),
    read: ({ dataId }) => backend.readSync(dataId) as TypedArray, // numbers, as our dtypes are
    // kept: a scope of the user's, in which we are called, does not own it
    scoped: (work) => tfjs().keep(tfjs().tidy(work)),
  };
};
