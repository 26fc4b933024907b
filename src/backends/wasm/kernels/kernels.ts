/**
 * Float32 kernels on a WebAssembly memory: matrix products, convolutions and filter gradients.
 *
 * Each kernel takes a problem (extents, and strides in elements) and addresses (in bytes, multiples of 4), and runs
 * synchronously. Kernels are deterministic and allocate no WebAssembly memory; they stay valid when the memory
 * grows. The caller provides scratch memory; `gemmScratchElements`, `convScratchElements` and
 * `filterGradientScratchElements` return the size that a problem needs.
 */
import type { WasmMemory } from '../assembler/assembler.js';
import { conv } from './conv.js';
import type { ConvAddresses, ConvProblem } from './conv.js';
import { filterGradient } from './filterGradient.js';
import type { FilterGradientAddresses, FilterGradientProblem } from './filterGradient.js';
import { kernelInstance } from './functions.js';
import { gemm } from './gemm.js';
import type { MultiplyAdd } from './multiplyAdd.js';
import type { GemmAddresses, GemmProblem } from './gemm.js';

/** The kernels bound to one memory. */
export interface SimdKernels {
  readonly gemm: (problem: GemmProblem, at: GemmAddresses) => void;
  readonly conv: (problem: ConvProblem, at: ConvAddresses) => void;
  readonly filterGradient: (problem: FilterGradientProblem, at: FilterGradientAddresses) => void;
}

/** Binds the kernels to a memory. Operands may lie anywhere in it. `multiplyAdd` is the step of every sum of products. */
export const simdKernels = (memory: WasmMemory, multiplyAdd: MultiplyAdd): SimdKernels => {
  const bound = kernelInstance(memory, multiplyAdd);
  return { gemm: gemm(bound), conv: conv(bound), filterGradient: filterGradient(bound) };
};
