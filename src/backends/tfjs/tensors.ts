/** Interface to the kernels of a tfjs backend that runs on our memory. */
import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { NumberArray } from '../shared/memory/heap.js';

/** A dense tensor that a kernel reads: elements of our memory, and their address in the heap. */
export interface Operand {
  readonly data: NumberArray;
  readonly address: number;
  readonly shape: readonly number[];
  /** Bools are stored as int32 and passed to tfjs as int32. */
  readonly dtype: 'float32' | 'int32';
}

export type KernelName =
  | 'BatchMatMul' | 'Conv2D' | 'Cumsum' | 'ArgMax'; // prettier-ignore

/** The kernels of one tfjs backend. */
export interface TfjsKernels {
  readonly backend: 'cpu';
  /**
   * Runs a kernel. `resultElements` is the total size of its results. `onResults` receives their elements, which are
   * only valid during the call. No tensors remain in tfjs afterwards.
   */
  readonly run: (
    name: KernelName,
    inputs: Readonly<Record<string, Operand>>,
    attributes: NamedAttrMap,
    resultElements: number,
    onResults: (results: readonly NumberArray[]) => void,
  ) => void;
}

/** Returns the results of a kernel as a list. */
export const listOf = (results: TensorInfo | readonly TensorInfo[]): readonly TensorInfo[] =>
  'dataId' in results ? [results] : results;
