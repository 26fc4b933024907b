/** Uses tfjs's WebAssembly memory as a heap, and runs tfjs's kernels on operands in it. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { getKernel, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Heap, NumberArray } from '../shared/memory/heap.js';
import { listOf, type Operand, type TfjsKernels } from '../tfjs/tensors.js';
import { moduleOf, type WasmModule } from './module.js';

/** Bytes that 32-bit addresses reach. */
const ADDRESS_SPACE_BYTES = 2 ** 32;

/** Returns an address, or null if there is no room. */
const allocate = (module: WasmModule, bytes: number): number | null => {
  // malloc returns 0 when memory is full, and addresses above 2 GiB as negative numbers
  const address = bytes < ADDRESS_SPACE_BYTES ? module.asm.malloc(bytes) >>> 0 : 0;
  return address === 0 ? null : address;
};

/** A heap in tfjs's memory. Addresses are byte addresses. */
export const wasmHeap = (backend: BackendWasm): Heap => {
  const module = moduleOf(backend);
  return {
    bytesPerElement: 4,
    allocate: (elements) => allocate(module, 4 * elements),
    free: (address) => module.asm.free(address),
    array: (address, offset, elements, dtype) => {
      const ArrayType = dtype === 'float32' ? Float32Array : Int32Array;
      return new ArrayType(module.asm.memory.buffer, address + 4 * offset, elements);
    },
    arena: () => module.asm.memory.buffer,
  };
};

/** Throws if `bytes` cannot be allocated. tfjs ignores a failed malloc and would write to address 0. */
const assertRoom = (module: WasmModule, bytes: number): void => {
  const address = allocate(module, bytes);
  if (address === null) throw new Error('the WebAssembly memory has no room for the result of a tfjs kernel');
  module.asm.free(address);
};

/** The kernels of tfjs's wasm backend, on operands in its memory. */
export const wasmKernels = (backend: BackendWasm): TfjsKernels => {
  const module = moduleOf(backend);

  /** Registers an operand under a new id each time, because tfjs caches prepared filters by id. */
  const register = ({ address, shape, dtype }: Operand): TensorInfo => backend.makeOutput([...shape], dtype, address);

  /** Unregisters a tensor. Unlike `disposeData`, it does not free the memory, which belongs to our heap. */
  const unregister = (tensor: TensorInfo): void => {
    backend.wasm.tfjs.disposeData(backend.dataIdMap.get(tensor.dataId).id);
    backend.dataIdMap.delete(tensor.dataId);
  };

  return {
    backend: 'wasm',
    run: (name, inputs, attributes, resultElements, onResults) => {
      const operands = Object.entries(inputs);
      const elements = operands.reduce((sum, [, { data }]) => sum + data.length, 2 * resultElements);
      assertRoom(module, 4 * elements);
      const tensors = Object.fromEntries(operands.map(([argument, operand]) => [argument, register(operand)]));
      try {
        const { kernelFunc } = getKernel(name, 'wasm');
        const results = listOf(kernelFunc({ inputs: tensors, backend, attrs: attributes }));
        // the cast is safe: the results are float32 or int32
        onResults(results.map((result) => backend.typedArrayFromHeap(result) as NumberArray));
        for (const { dataId } of results) backend.disposeData(dataId, true);
      } finally {
        for (const tensor of Object.values(tensors)) unregister(tensor);
      }
    },
  };
};
