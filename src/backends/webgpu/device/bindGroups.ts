/** Bind groups, reused while the memory stays the same. */
import type { GpuSpace } from './gpuSpace.js';
import type { Pipeline } from './pipelines.js';
import type { Range } from './memoryLayout.js';
import type { Resources } from './resources.js';

/** Maximum number of cached groups per dispatch. Inputs and outputs alternate between few addresses. */
const MAX_CACHED = 4;

/** Returns a function that gives the bind group of a dispatch at the current addresses. */
export const bindGroupsOf = (
  device: GPUDevice,
  space: GpuSpace,
  { addresses, isFixed }: Resources,
  { layout }: Pipeline,
  ranges: readonly Range[],
): (() => GPUBindGroup) => {
  const moving = [...new Set(ranges.map(({ owner }) => owner).filter((owner) => !isFixed(owner)))];
  const create = (): GPUBindGroup =>
    device.createBindGroup({
      layout,
      entries: ranges.map(({ owner, offset, size }, binding) => ({
        binding,
        resource: { buffer: space.bufferAt(addresses[owner]!), offset, size },
      })),
    });
  if (moving.length === 0) {
    const group = create();
    return () => group;
  }
  /** Cached groups, most recently used first, each with the addresses that it binds. */
  const cached: { readonly addressesAt: readonly number[]; readonly group: GPUBindGroup }[] = [];
  const isCurrent = ({ addressesAt }: (typeof cached)[number]): boolean =>
    moving.every((owner, i) => addressesAt[i] === addresses[owner]);
  return () => {
    const position = cached.findIndex(isCurrent);
    if (position === 0) return cached[0]!.group; // common case: same addresses as in the last run
    const [match] = position > 0 ? cached.splice(position, 1) : [];
    cached.unshift(match ?? { addressesAt: moving.map((owner) => addresses[owner]!), group: create() });
    if (cached.length > MAX_CACHED) cached.pop();
    return cached[0]!.group;
  };
};
