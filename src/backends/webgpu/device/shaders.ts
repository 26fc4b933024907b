/** Rules for regions and random numbers, which run as generated shaders. */
import { sizeOf } from '../../../internal/numbers.js';
import type { Plan } from '../../../dsl/plan/plan.js';
import type { Region } from '../../../dsl/graph/region.js';
import { randomInto } from '../../../internal/numerics/threefry.js';
import type { Dispatch, GpuRule } from './dispatch.js';
import { randomShader } from '../wgsl/randomShader.js';
import { regionShaders } from '../wgsl/regionShaders.js';
import type { ShaderLimits } from '../wgsl/shader.js';

/** Makes the dispatches of a region. */
export type RegionDispatches = (region: Region) => readonly Dispatch[];

export const regionDispatches =
  ({ buffers }: Pick<Plan, 'buffers'>, limits: ShaderLimits): RegionDispatches =>
  (region) =>
    regionShaders(region, buffers, limits);

export const regionRule =
  ({ buffers }: Plan, limits: ShaderLimits): GpuRule =>
  (call) => {
    if (call.kind !== 'region') return null;
    const shaders = regionShaders(call.region, buffers, limits);
    return {
      name: `wgsl ${[...new Set(shaders.map(({ name }) => name))].join(', ')}`,
      dispatches: shaders,
    };
  };

export const randomRule =
  ({ buffers }: Plan, limits: ShaderLimits): GpuRule =>
  (call) => {
    if (call.kind !== 'random') return null;
    const { distribution, key, output } = call;
    const shader = randomShader(call, buffers, limits);
    if (shader !== null)
      return {
        name: `wgsl ${shader.name}`,
        dispatches: [shader],
        key,
      };
    return {
      name: `random ${distribution}`,
      dispatches: [],
      key,
      hostNumbers: {
        buffer: output.buffer,
        offset: output.offset,
        elements: sizeOf(output.shape),
        generate: (words, into) => randomInto(distribution, words, into),
      },
    };
  };
