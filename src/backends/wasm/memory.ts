/** tfjs's WebAssembly memory as our heap, and its kernels on tensors there. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { getKernel, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap, NumberArray } from '../shared/memory/heap.js';
import { listOf, type Operand, type TfjsKernels } from '../tfjs/tensors.js';
import { moduleOf, type WasmModule } from './module.js';

/** Addresses have 32 bits. */
const ADDRESSES = 2 ** 32;

const allocate = (module: WasmModule, bytes: number): number | null => {
  // at the end of memory malloc gives 0; addresses above 2 GiB come as negative numbers
  const address = bytes < ADDRESSES ? module.asm.malloc(bytes) >>> 0 : 0;
  return address === 0 ? null : address;
};

export const wasmHeap = (backend: BackendWasm): Heap => {
  const module = moduleOf(backend);
  return {
    bytesPerElement: 4,
    allocate: (elements) => allocate(module, 4 * elements),
    free: (address) => module.asm.free(address),
    array: (address, offset, elements, dtype) => {
      const of = dtype === 'float32' ? Float32Array : Int32Array;
      return new of(module.asm.memory.buffer, address + 4 * offset, elements);
    },
    arena: () => module.asm.memory.buffer,
  };
};

/** tfjs does not look whether its malloc had room, and would write to address 0: looked before. */
const demandRoom = (module: WasmModule, bytes: number): void => {
  const address = allocate(module, bytes);
  if (address === null) throw new Error('no room for the result in the WebAssembly memory');
  module.asm.free(address);
};

export const wasmKernels = (backend: BackendWasm): TfjsKernels => {
  const module = moduleOf(backend);

  /** Each time a new id: tfjs caches by id what it has prepared of a filter. */
  const register = ({ address, shape, dtype }: Operand): TensorInfo =>
    backend.makeOutput([...shape], dtype, address);

  /** Forgets a tensor. Unlike `disposeData`, it does not free memory that is ours. */
  const forget = (tensor: TensorInfo): void => {
    backend.wasm.tfjs.disposeData(backend.dataIdMap.get(tensor.dataId).id);
    backend.dataIdMap.delete(tensor.dataId);
  };

  return {
    backend: 'wasm',
    run: (name, inputs, attributes, resultElements, take) => {
      const operands = Object.entries(inputs);
      const elements = operands.reduce((sum, [, { data }]) => sum + data.length, 2 * resultElements);
      demandRoom(module, 4 * elements);
      const tensors = Object.fromEntries(
        operands.map(([argument, operand]) => [argument, register(operand)]),
      );
      try {
        const { kernelFunc } = getKernel(name, 'wasm');
        const results = listOf(kernelFunc({ inputs: tensors, backend, attrs: attributes }));
        take(results.map((result) => backend.typedArrayFromHeap(result) as NumberArray)); // numbers, as the dtypes are
        for (const { dataId } of results) backend.disposeData(dataId, true);
      } finally {
        for (const tensor of Object.values(tensors)) forget(tensor);
      }
    },
  };
};
