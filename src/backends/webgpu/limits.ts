/** What of a plan is more than a device takes, found before anything is compiled or reserved. */
import { failure, type NoisefoldError } from '../../dsl/errors.js';
import type { Plan } from '../../dsl/plan.js';
import { nameOf } from '../shared/executor.js';
import type { Dispatch, GpuKernel } from './dispatch.js';
import { type Block, BLOCKS, type Places, type Range } from './places.js';

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

const SMALLER = 'use a smaller batch or smaller images';

/** In MiB, or what is smaller in bytes. */
const sized = (bytes: number): string =>
  bytes < 2 ** 20 ? `${bytes} bytes` : `${Number((bytes / 2 ** 20).toFixed(2))} MiB`;

const NAMES: Readonly<Record<Block, string>> = {
  arena: 'the intermediate results of a program',
  constants: 'the constants of a program',
  scratch: 'the working memory of a program',
  uniforms: 'the keys of a program',
  made: 'the permutations of a program',
};

const excessOf = (
  { bindings, workgroups }: Dispatch,
  ranges: readonly Range[],
  limits: DeviceLimits,
): Excess | null => {
  const bound = bindings.filter(({ resource }) => resource.kind !== 'key' && resource.kind !== 'uniform');
  if (bound.length > limits.maxStorageBuffersPerShaderStage)
    return {
      expected: `at most ${limits.maxStorageBuffersPerShaderStage} buffers in one shader (maxStorageBuffersPerShaderStage)`,
      actual: `${bound.length}`,
      hint: 'run the plan on the backend that it was lowered for',
    };
  const largest = Math.max(0, ...ranges.map(({ size }) => size));
  if (largest > limits.maxStorageBufferBindingSize)
    return {
      expected: `tensors of at most ${sized(limits.maxStorageBufferBindingSize)} (maxStorageBufferBindingSize)`,
      actual: sized(largest),
      hint: SMALLER,
    };
  const most = limits.maxComputeWorkgroupsPerDimension;
  return workgroups.some((count) => count > most)
    ? {
        expected: `at most ${most} workgroups in each dimension (maxComputeWorkgroupsPerDimension)`,
        actual: workgroups.join(' × '),
        hint: SMALLER,
      }
    : null;
};

/** The first limit that a plan is over, or null. */
export const overLimits = (
  plan: Plan,
  kernels: readonly GpuKernel[],
  { ranges, elements }: Places,
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
        expected: `at most ${sized(limits.maxBufferSize)} in all (maxBufferSize)`,
        actual: sized(4 * elements[large]),
        hint: `${SMALLER}, or \`checkpoint\` parts of a model that is trained: it then keeps less`,
      });
};
