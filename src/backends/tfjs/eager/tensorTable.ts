/** Tensors as memory: an address is a handle of a tensor, or of none as yet. */
import type { BackendStats } from '../../../dsl/backend.js';
import type { Space } from '../../shared/memory/heap.js';
import type { Tensor } from './engine.js';

export interface TensorTable extends Space {
  readonly at: (address: number) => Tensor | null;
  /** Puts a tensor at an address, in the place of what was there. */
  readonly put: (address: number, tensor: Tensor) => void;
  /** A tensor may be in several places, as it never changes: it lives until the last of them lets it go. */
  readonly hold: (tensor: Tensor) => void;
  readonly letGo: (tensor: Tensor) => void;
  /** Of all tensors that are held, those between two calls of a run included. */
  readonly stats: () => BackendStats;
  /** Disposes of all that is still held. */
  readonly clear: () => void;
}

/** As the other backends count: four bytes an element. */
const bytesOf = ({ size }: Tensor): number => 4 * size;

export const createTensorTable = (): TensorTable => {
  const places = new Map<number, Tensor | null>();
  const holders = new Map<Tensor, number>();
  let next = 1;
  let bytes = 0;
  let peakBytes = 0;

  const hold = (tensor: Tensor): void => {
    const before = holders.get(tensor) ?? 0;
    holders.set(tensor, before + 1);
    if (before > 0) return;
    bytes += bytesOf(tensor);
    peakBytes = Math.max(peakBytes, bytes);
  };

  const letGo = (tensor: Tensor): void => {
    const left = holders.get(tensor)! - 1;
    if (left > 0) return void holders.set(tensor, left);
    holders.delete(tensor);
    bytes -= bytesOf(tensor);
    tensor.dispose();
  };

  return {
    bytesPerElement: 4,
    allocate: () => {
      places.set(next, null);
      return next++;
    },
    free: (address) => {
      const tensor = places.get(address);
      places.delete(address);
      if (tensor !== undefined && tensor !== null) letGo(tensor);
    },
    at: (address) => places.get(address) ?? null,
    put: (address, tensor) => {
      const before = places.get(address);
      hold(tensor);
      places.set(address, tensor);
      if (before !== undefined && before !== null) letGo(before);
    },
    hold,
    letGo,
    stats: () => ({ buffers: holders.size, bytes, peakBytes }),
    clear: () => {
      for (const tensor of holders.keys()) tensor.dispose();
      places.clear();
      holders.clear();
      bytes = 0;
    },
  };
};
