/** The WebGPU backend on an acquired device. */
import type { Backend } from '../../dsl/plan/backend.js';
import { E } from '../../internal/fp.js';
import { createMemory } from '../shared/memory.js';
import { memoryBackend } from '../shared/memoryBackend.js';
import type { Acquired } from './device/adapter.js';
import { gpuOf } from './device/gpu.js';
import { gpuExecution } from './device/gpuExecution.js';
import { gpuSpace } from './device/gpuSpace.js';
import { groupedRule } from './library/grouped.js';
import { libraryRule } from './library/rule.js';
import { createPipelines } from './device/pipelines.js';
import { kernelFor } from './products/kernelFor.js';
import { anchorRule, anchorScratch } from './products/rule.js';
import type { Kernel } from './products/shader.js';
import { randomRule, regionDispatches, regionRule } from './device/shaders.js';
import { createStaging, write } from './device/transfer.js';

/** Makes the backend. `kernel` computes matrix products and convolutions; default: the one suited to the device. */
export const backendOn = async (acquired: Acquired, kernel?: Kernel): Promise<Backend> => {
  const gpu = gpuOf(acquired);
  const { limits } = gpu.device;
  const space = gpuSpace(gpu);
  const memory = createMemory('webgpu', space);
  const staging = createStaging(gpu);
  const context = { gpu, space, memory, pipelines: createPipelines(gpu) };
  const multiply = kernel ?? (await kernelFor(gpu));
  return memoryBackend({
    name: 'webgpu',
    capabilities: {
      fuses: true,
      composites: ['filterGradient'],
      alignment: gpu.alignment,
      mostBuffers: limits.maxStorageBuffersPerShaderStage,
      scratchElements: anchorScratch(multiply),
    },
    memory,
    rules: async (plan) => [
      randomRule(plan, limits),
      regionRule(plan, limits),
      libraryRule(plan, limits),
      await groupedRule(plan, limits),
      anchorRule(plan, limits, multiply, regionDispatches(plan, limits)),
    ],
    layOut: (plan, kernels) => gpuExecution(plan, kernels, context),
    // no error scope, because it would wait for the device. The sizes are known to be valid, and this code catches
    // thrown errors
    write: (address, data, dtype) => {
      try {
        write(gpu, space.bufferAt(address), 0, data, dtype);
        return gpu.lost();
      } catch (thrown) {
        return gpu.rejected('upload', thrown);
      }
    },
    read: (address, { elements, dtype }) => {
      const loss = gpu.lost();
      return loss === null ? staging.read(space.bufferAt(address), elements, dtype) : E.left(loss);
    },
    close: gpu.destroy,
    lost: gpu.lost,
  });
};
