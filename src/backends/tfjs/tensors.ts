/** What running a tfjs kernel on our memory takes, on any of its backends. */
import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { NumberArray } from '../shared/memory/heap.js';

/** A dense tensor for a kernel to read: elements of our memory, at a heap's address. */
export interface Operand {
  readonly data: NumberArray;
  readonly address: number;
  readonly shape: readonly number[];
  /** Bools are int32 in our memory, and so they are for tfjs. */
  readonly dtype: 'float32' | 'int32';
}

export type KernelName =
  | 'BatchMatMul' | 'Conv2D' | 'Cumsum' | 'ArgMax'; // prettier-ignore

/** The kernels of one tfjs backend. */
export interface TfjsKernels {
  readonly backend: 'cpu' | 'wasm';
  /**
   * Runs a kernel whose results have so many elements in all; `take` gets the elements of its results, which are gone afterwards. Nothing stays
   * behind in tfjs.
   */
  readonly run: (
    name: KernelName,
    inputs: Readonly<Record<string, Operand>>,
    attributes: NamedAttrMap,
    resultElements: number,
    take: (results: readonly NumberArray[]) => void,
  ) => void;
}

/** The results of a kernel as a list. */
export const listOf = (results: TensorInfo | readonly TensorInfo[]): readonly TensorInfo[] =>
  'dataId' in results ? [results] : results;
