/**
 * Generated shaders, before they are compiled and bound. An element has four bytes: float32 is `f32`, int32 is `i32`,
 * bool is an `i32` with value 0 or 1.
 */
import type { Call, Plan } from '../../../dsl/plan/plan.js';
import type { Region } from '../../../dsl/graph/region.js';

/** The access mode with which a shader declares a storage binding. */
export type Access = 'read' | 'read_write';

/** The resource at one binding of group 0. */
export type Binding =
  /**
   * The memory of buffers of the plan, `var<storage, access>`. Usually this is one buffer. There are several if they
   * are at the same place (a region that works in place), or if too many buffers of the arena are in use. The range
   * goes from the lowest of their offsets to the highest of their ends, rounded up to whole vectors of four elements.
   */
  | { readonly kind: 'buffers'; readonly buffers: readonly [number, ...number[]]; readonly access: Access }
  /** Scratch memory, `var<storage, read_write>`, shared by all shaders of a call. */
  | { readonly kind: 'scratch'; readonly elements: number }
  /** The two words of a random key, a `var<uniform>` of type `vec2<u32>`. */
  | { readonly kind: 'key' };

/**
 * A compute shader with entry point `main`. Shapes, strides and offsets are constants in the code, so that pipelines
 * can be cached by their code.
 */
export interface Shader {
  /** Describes the shader; shown by `explain`. */
  readonly name: string;
  readonly code: string;
  /** In order of `@binding` number, from 0. */
  readonly bindings: readonly Binding[];
  readonly workgroups: readonly [number, number, number];
}

/** The device limits that affect code generation. */
export interface ShaderLimits {
  readonly maxStorageBuffersPerShaderStage: number;
  readonly maxStorageBufferBindingSize: number;
  readonly maxComputeWorkgroupsPerDimension: number;
  readonly maxComputeInvocationsPerWorkgroup: number;
  readonly maxComputeWorkgroupStorageSize: number;
}

export type Buffers = Plan['buffers'];

/**
 * The type of `regionShaders`: generates the shaders of a region, which run in order. Usually there is one; there are
 * more for a long reduction with few results, and if one shader would bind too many buffers.
 */
export type RegionShaders = (region: Region, buffers: Buffers, limits: ShaderLimits) => readonly Shader[];

/** The type of `randomShader`. It returns null for a permutation, which the host generates. */
export type RandomShader = (
  call: Pick<Extract<Call, { kind: 'random' }>, 'distribution' | 'output'>,
  buffers: Buffers,
  limits: ShaderLimits,
) => Shader | null;
