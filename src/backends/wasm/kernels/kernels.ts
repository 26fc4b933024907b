/**
 * Our kernels on a WebAssembly memory: matrix products, convolutions and filter gradients in float32.
 *
 * Each takes a problem (extents and strides, in numbers) and addresses (in bytes, multiples of 4), and runs
 * at once. They are deterministic, allocate nothing in the memory, and survive its growth. Scratch is the
 * caller's: `gemmScratchElements` and its like say how much a problem needs.
 */
import type { WasmMemory } from '../assembler/assembler.js';
import { conv } from './conv.js';
import type { ConvAddresses, ConvProblem } from './conv.js';
import { filterGradient } from './filterGradient.js';
import type { FilterGradientAddresses, FilterGradientProblem } from './filterGradient.js';
import { machine } from './functions.js';
import { gemm } from './gemm.js';
import type { GemmAddresses, GemmProblem } from './gemm.js';

/** The kernels of one memory. */
export interface SimdKernels {
  readonly gemm: (problem: GemmProblem, at: GemmAddresses) => void;
  readonly conv: (problem: ConvProblem, at: ConvAddresses) => void;
  readonly filterGradient: (problem: FilterGradientProblem, at: FilterGradientAddresses) => void;
}

/** The kernels for a memory; the tensors may be anywhere in it. */
export const simdKernels = (memory: WasmMemory): SimdKernels => {
  const bound = machine(memory);
  return { gemm: gemm(bound), conv: conv(bound), filterGradient: filterGradient(bound) };
};
