/** Regions and random numbers by the shaders that are written for them. */
import type { Plan } from '../../dsl/plan.js';
import type { Region } from '../../dsl/region.js';
import { randomInto } from '../../dsl/threefry.js';
import { sizeOf } from '../../dsl/node.js';
import type { Binding, Dispatch, GpuRule } from './dispatch.js';
import { randomShader, regionShaders } from './stub.js';
import type { Shader, ShaderLimits } from './wgsl/shader.js';

const dispatchOf = ({ code, bindings, workgroups }: Shader): Dispatch => ({
  code,
  entryPoint: 'main',
  bindings: bindings.map((resource): Binding => ({ resource, writable: true })),
  workgroups,
});

/** The dispatches of a region of a plan. */
export type RegionDispatches = (region: Region) => readonly Dispatch[];

export const regionDispatches =
  ({ buffers }: Pick<Plan, 'buffers'>, limits: ShaderLimits): RegionDispatches =>
  (region) =>
    regionShaders(region, buffers, limits).map(dispatchOf);

export const regionRule =
  ({ buffers }: Plan, limits: ShaderLimits): GpuRule =>
  (call) => {
    if (call.kind !== 'region') return null;
    const shaders = regionShaders(call.region, buffers, limits);
    return {
      name: [...new Set(shaders.map(({ name }) => name))].join(', '),
      dispatches: shaders.map(dispatchOf),
    };
  };

export const randomRule =
  ({ buffers }: Plan, limits: ShaderLimits): GpuRule =>
  (call) => {
    if (call.kind !== 'random') return null;
    const { distribution, key, output } = call;
    const shader = randomShader(call, buffers, limits);
    if (shader !== null) return { name: shader.name, dispatches: [dispatchOf(shader)], key };
    return {
      name: `host ${distribution}`,
      dispatches: [],
      key,
      made: {
        buffer: output.buffer,
        offset: output.offset,
        elements: sizeOf(output.shape),
        make: (words: readonly [number, number], into: Int32Array) => {
          if (distribution === 'permutation' || distribution === 'bits')
            return randomInto(distribution, words, into);
          const n = new Float32Array(into.buffer);
          randomInto(distribution, words, n);
        },
      },
    };
  };
