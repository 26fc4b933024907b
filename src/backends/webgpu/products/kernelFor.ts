/** Chooses the kernel for products on a device, and loads it. */
import type { Gpu } from '../device/gpu.js';
import type { Kernel } from './shader.js';
import { workgroupKernel } from './workgroupKernel.js';

/** Fixed subgroup sizes of software adapters: the vector lanes of a CPU, where workgroup memory saves nothing. */
const CPU_SUBGROUP_SIZES = [4, 8, 16];

export const kernelFor = async ({ device, info }: Pick<Gpu, 'device' | 'info'>): Promise<Kernel> => {
  const { subgroupMinSize: least, subgroupMaxSize: most } = info;
  const isFixed = device.features.has('subgroups') && least === most && most !== undefined;
  return isFixed && CPU_SUBGROUP_SIZES.includes(most)
    ? (await import('./subgroupKernel.js')).subgroupKernel(most)
    : workgroupKernel;
};
