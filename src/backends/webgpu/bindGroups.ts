/** Bind groups, made once for the same memory. */
import type { GpuSpace } from './gpuSpace.js';
import type { Pipeline } from './pipelines.js';
import type { Range } from './places.js';
import type { Resources } from './resources.js';

/** So many are kept of one dispatch: inputs and outputs come back to the same few addresses. */
const MOST_KEPT = 4;

/** The bind group of a dispatch, as its memory lies now. */
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
  /** The last ones, newest first, each with the addresses that it was made for. */
  const kept: { readonly at: readonly number[]; readonly group: GPUBindGroup }[] = [];
  const isAt = ({ at }: (typeof kept)[number]): boolean =>
    moving.every((owner, i) => at[i] === addresses[owner]);
  return () => {
    const known = kept.findIndex(isAt);
    if (known === 0) return kept[0]!.group; // mostly where all was in the last run
    const [found] = known > 0 ? kept.splice(known, 1) : [];
    kept.unshift(found ?? { at: moving.map((owner) => addresses[owner]!), group: create() });
    if (kept.length > MOST_KEPT) kept.pop();
    return kept[0]!.group;
  };
};
