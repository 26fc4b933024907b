/** Checks a plan against the limits of a device, before shaders are compiled and memory is reserved. */
import { failure, type NoisefoldError } from '../../../internal/errors.js';
import type { Plan } from '../../../dsl/plan/plan.js';
import { nameOf } from '../../shared/executor.js';
import type { Dispatch, GpuKernel } from './dispatch.js';
import { type Block, BLOCKS, type MemoryLayout, type Range } from './memoryLayout.js';

export interface DeviceLimits {
  readonly maxBufferSize: number;
  readonly maxStorageBufferBindingSize: number;
  readonly maxStorageBuffersPerShaderStage: number;
  readonly maxComputeWorkgroupsPerDimension: number;
}

interface Excess {
  readonly expected: string;
  readonly actual: string;
  readonly hint: string;
}

const SMALLER_HINT = 'use a smaller batch or smaller images';

/** Formats a size in MiB, or in bytes below 1 MiB. */
const formatSize = (bytes: number): string =>
  bytes < 2 ** 20 ? `${bytes} bytes` : `${Number((bytes / 2 ** 20).toFixed(2))} MiB`;

const NAMES: Readonly<Record<Block, string>> = {
  arena: 'the intermediate results of a program',
  constants: 'the constants of a program',
  scratch: 'the scratch memory of a program',
  uniforms: 'the keys of a program',
  hostNumbers: 'the permutations of a program',
};

const excessOf = (
  { bindings, workgroups }: Dispatch,
  ranges: readonly Range[],
  limits: DeviceLimits,
): Excess | null => {
  const bound = bindings.filter(({ kind }) => kind !== 'key' && kind !== 'uniform');
  if (bound.length > limits.maxStorageBuffersPerShaderStage)
    return {
      expected: `at most ${limits.maxStorageBuffersPerShaderStage} buffers in one shader (maxStorageBuffersPerShaderStage)`,
      actual: `${bound.length}`,
      hint: 'run the plan on the backend for which it was lowered',
    };
  const largest = Math.max(0, ...ranges.map(({ size }) => size));
  if (largest > limits.maxStorageBufferBindingSize)
    return {
      expected: `tensors of at most ${formatSize(limits.maxStorageBufferBindingSize)} (maxStorageBufferBindingSize)`,
      actual: formatSize(largest),
      hint: SMALLER_HINT,
    };
  const most = limits.maxComputeWorkgroupsPerDimension;
  return workgroups.some((count) => count > most)
    ? {
        expected: `at most ${most} workgroups in each dimension (maxComputeWorkgroupsPerDimension)`,
        actual: workgroups.join(' × '),
        hint: SMALLER_HINT,
      }
    : null;
};

/** Returns an error for the first limit that a plan exceeds; null if the plan exceeds no limit. */
export const overLimits = (
  plan: Plan,
  kernels: readonly GpuKernel[],
  { ranges, elements }: MemoryLayout,
  limits: DeviceLimits,
): NoisefoldError | null => {
  for (const [k, { dispatches }] of kernels.entries())
    for (const [d, dispatch] of dispatches.entries()) {
      const excess = excessOf(dispatch, ranges[k]![d]!, limits);
      if (excess !== null) return failure('BackendFailure', { where: nameOf(plan.calls[k]!), ...excess });
    }
  const large = BLOCKS.find((block) => 4 * elements[block] > limits.maxBufferSize);
  return large === undefined
    ? null
    : failure('BackendFailure', {
        where: NAMES[large],
        expected: `at most ${formatSize(limits.maxBufferSize)} in all (maxBufferSize)`,
        actual: formatSize(4 * elements[large]),
        hint: `${SMALLER_HINT}, or use \`checkpoint\` in a model that is trained, to store fewer intermediate results`,
      });
};
