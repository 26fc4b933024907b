/** Rules for regions and random numbers, which run as generated shaders. */
import { sizeOf } from '../../internal/numbers.js';
import type { Plan } from '../../dsl/compile/plan.js';
import type { Region } from '../../dsl/graph/region.js';
import { randomInto } from '../../internal/threefry.js';
import { withAccess, isReadOnly } from './access.js';
import type { Binding, Dispatch, GpuRule } from './dispatch.js';
import { randomShader } from './wgsl/randomShader.js';
import { regionShaders } from './wgsl/regionShaders.js';
import type { Binding as ShaderBinding, Shader, ShaderLimits } from './wgsl/shader.js';

const dispatchOf = (
  { code, bindings, workgroups }: Shader,
  buffers: Plan['buffers'],
  written: ReadonlySet<number>,
): Dispatch => {
  const isWritable = (binding: ShaderBinding): boolean =>
    binding.kind !== 'buffers' || binding.buffers.some((b) => written.has(b) || !isReadOnly(buffers[b]!));
  const bound = bindings.map((resource): Binding => ({ resource, writable: isWritable(resource) }));
  return {
    code: withAccess(code, (k) => (bound[k]!.writable ? 'read_write' : 'read')),
    bindings: bound,
    workgroups,
  };
};

/** Makes the dispatches of a region. */
export type RegionDispatches = (region: Region) => readonly Dispatch[];

const storedBy = ({ stores }: Region): ReadonlySet<number> => new Set(stores.map(({ buffer }) => buffer));

export const regionDispatches =
  ({ buffers }: Pick<Plan, 'buffers'>, limits: ShaderLimits): RegionDispatches =>
  (region) =>
    regionShaders(region, buffers, limits).map((shader) => dispatchOf(shader, buffers, storedBy(region)));

export const regionRule =
  ({ buffers }: Plan, limits: ShaderLimits): GpuRule =>
  (call) => {
    if (call.kind !== 'region') return null;
    const shaders = regionShaders(call.region, buffers, limits);
    return {
      name: `wgsl ${[...new Set(shaders.map(({ name }) => name))].join(', ')}`,
      dispatches: shaders.map((shader) => dispatchOf(shader, buffers, storedBy(call.region))),
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
        dispatches: [dispatchOf(shader, buffers, new Set([output.buffer]))],
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
