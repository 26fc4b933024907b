/** Regions run as generated code, compiled together with the other regions of the plan. */
import type { Rule } from '../shared/kernel.js';
import type { WasmKernel } from './engine/kernel.js';

export const simdRegionRule: Rule<WasmKernel> = (call) =>
  call.kind === 'region' ? { kind: 'region', name: 'simd region', region: call.region } : null;
