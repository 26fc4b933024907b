/** A backend on a device. */
import type { Backend } from '../../dsl/backend.js';
import { E } from '../../internal/fp.js';
import { createMemory } from '../shared/memory.js';
import { memoryBackend } from '../shared/memoryBackend.js';
import { createRecorder } from '../tfjs/recordedKernels.js';
import type { Acquired } from './adapter.js';
import { anchorRule, anchorScratch } from './anchors.js';
import { gpuOf } from './gpu.js';
import { gpuExecution } from './gpuExecution.js';
import { gpuSpace } from './gpuSpace.js';
import { directRule, libraryRule } from './library/rule.js';
import { createPipelines } from './pipelines.js';
import { randomRule, regionDispatches, regionRule } from './shaders.js';
import { createStaging, write } from './transfer.js';

/** 32 MiB of patches. */
const MOST_PATCHES = 2 ** 23;

export const backendOn = (acquired: Acquired, mostPatches = MOST_PATCHES): Backend => {
  const gpu = gpuOf(acquired);
  const { limits } = gpu.device;
  const space = gpuSpace(gpu);
  const memory = createMemory('webgpu', space);
  const staging = createStaging(gpu);
  const workshop = { gpu, space, memory, pipelines: createPipelines(gpu) };
  const record = createRecorder({
    info: gpu.info,
    maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
  });
  const anchors = { alignment: gpu.alignment, record, mostPatches };
  return memoryBackend({
    name: 'webgpu',
    capabilities: {
      fuses: true,
      composites: ['filterGradient'],
      alignment: gpu.alignment,
      mostBuffers: limits.maxStorageBuffersPerShaderStage,
      scratchElements: anchorScratch(anchors),
    },
    memory,
    rules: (plan) => [
      randomRule(plan, limits),
      regionRule(plan, limits),
      libraryRule(plan, limits),
      directRule(plan, limits),
      // kernels of our own for products and convolutions have their place here
      anchorRule(plan, anchors, regionDispatches(plan, limits)),
    ],
    layOut: (plan, kernels) => gpuExecution(plan, kernels, workshop),
    write: (address, data, dtype) =>
      gpu.guarded('upload', () => write(gpu, space.bufferAt(address), 0, data, dtype)),
    read: (address, { elements, dtype }) => {
      const loss = gpu.lost();
      return loss === null ? staging.read(space.bufferAt(address), elements, dtype) : E.left(loss);
    },
    close: gpu.destroy,
    lost: gpu.lost,
  });
};
