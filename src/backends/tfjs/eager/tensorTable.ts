/** Tensors as memory: an address is a handle that holds a tensor or is still empty. */
import type { BackendStats } from '../../../dsl/plan/backend.js';
import type { Space } from '../../shared/heap.js';
import type { Tensor } from './engine.js';

/**
 * Memory whose allocations hold tensors. Tensors are reference-counted, because a tensor can be at several addresses.
 */
export interface TensorTable extends Space {
  /** The tensor at an address, or null. */
  readonly at: (address: number) => Tensor | null;
  /** Stores a tensor at an address and releases the previous one. */
  readonly put: (address: number, tensor: Tensor) => void;
  /** Adds a reference to a tensor. */
  readonly retain: (tensor: Tensor) => void;
  /** Removes a reference to a tensor, and disposes of it with the last one. */
  readonly release: (tensor: Tensor) => void;
  /** Counts all referenced tensors, including intermediate tensors of a run. */
  readonly stats: () => BackendStats;
  /** Disposes of all tensors that are still referenced. */
  readonly clear: () => void;
}

/** Four bytes per element, as in the other backends' statistics. */
const bytesOf = ({ size }: Tensor): number => 4 * size;

export const createTensorTable = (): TensorTable => {
  const tensors = new Map<number, Tensor | null>();
  const references = new Map<Tensor, number>();
  let next = 1;
  let bytes = 0;
  let peakBytes = 0;

  const retain = (tensor: Tensor): void => {
    const before = references.get(tensor) ?? 0;
    references.set(tensor, before + 1);
    if (before > 0) return;
    bytes += bytesOf(tensor);
    peakBytes = Math.max(peakBytes, bytes);
  };

  const release = (tensor: Tensor): void => {
    const left = references.get(tensor)! - 1;
    if (left > 0) return void references.set(tensor, left);
    references.delete(tensor);
    bytes -= bytesOf(tensor);
    tensor.dispose();
  };

  return {
    bytesPerElement: 4,
    allocate: () => {
      tensors.set(next, null);
      return next++;
    },
    free: (address) => {
      const tensor = tensors.get(address);
      tensors.delete(address);
      if (tensor !== undefined && tensor !== null) release(tensor);
    },
    at: (address) => tensors.get(address) ?? null,
    put: (address, tensor) => {
      const before = tensors.get(address);
      retain(tensor);
      tensors.set(address, tensor);
      if (before !== undefined && before !== null) release(before);
    },
    retain,
    release,
    stats: () => ({ buffers: references.size, bytes, peakBytes }),
    clear: () => {
      for (const tensor of references.keys()) tensor.dispose();
      tensors.clear();
      references.clear();
      bytes = 0;
    },
  };
};
