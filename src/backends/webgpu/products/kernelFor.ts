/** Chooses the kernel for products on a device. */
import type { Gpu } from '../gpu.js';
import type { Kernel } from './shader.js';
import { subgroupKernel } from './subgroupKernel.js';
import { workgroupKernel } from './workgroupKernel.js';

/** Fixed subgroup sizes of software adapters: the vector lanes of a CPU, where workgroup memory saves nothing. */
const CPU_SUBGROUP_SIZES = [4, 8, 16];

export const kernelFor = ({ device, info }: Pick<Gpu, 'device' | 'info'>): Kernel => {
  const { subgroupMinSize: least, subgroupMaxSize: most } = info;
  const isFixed = device.features.has('subgroups') && least === most && most !== undefined;
  return isFixed && CPU_SUBGROUP_SIZES.includes(most) ? subgroupKernel(most) : workgroupKernel;
};
