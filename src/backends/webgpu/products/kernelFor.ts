/** Which kernel a device multiplies with. */
import type { Gpu } from '../gpu.js';
import type { Kernel } from './shader.js';
import { subgroupKernel } from './subgroupKernel.js';
import { workgroupKernel } from './workgroupKernel.js';

/** Subgroups of these sizes are lanes of a vector of a CPU, where workgroup memory gains nothing. */
const LANES = [4, 8, 16];

export const kernelFor = ({ device, info }: Pick<Gpu, 'device' | 'info'>): Kernel => {
  const { subgroupMinSize: least, subgroupMaxSize: most } = info;
  const isFixed = device.features.has('subgroups') && least === most && most !== undefined;
  return isFixed && LANES.includes(most) ? subgroupKernel(most) : workgroupKernel;
};
