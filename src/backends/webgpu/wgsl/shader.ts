/**
 * The seam between WGSL text and the device: what a call of a plan becomes, before anything is bound
 * or compiled. An element takes four bytes; float32 is `f32`, int32 is `i32`, bool is an `i32` of 0 or 1.
 */
import type { Call, Plan } from '../../../dsl/plan.js';
import type { Region } from '../../../dsl/region.js';

/** What is bound at one place of group 0. */
export type Binding =
  /**
   * The memory of these buffers of the plan, `var<storage, read_write>`: in general one; several where
   * they lie in the same place (a region that works in place), or where so many buffers of the arena
   * are in use that they go into one binding. It runs from the lowest of their offsets to the highest
   * of their ends, rounded up to whole vectors of four elements.
   */
  | { readonly kind: 'buffers'; readonly buffers: readonly [number, ...number[]] }
  /** Working memory of so many elements, `var<storage, read_write>`: all shaders of a call see the same. */
  | { readonly kind: 'scratch'; readonly elements: number }
  /** The two words of a random key, `var<uniform>` of a `vec2<u32>`. */
  | { readonly kind: 'key' };

/**
 * A compute shader, with entry point `main`. What differs in a call's views alone is baked into the code,
 * so pipelines can be kept by their text.
 */
export interface Shader {
  /** What it does, for `explain`. */
  readonly name: string;
  readonly code: string;
  /** In the order of `@binding` numbers, from 0. */
  readonly bindings: readonly Binding[];
  readonly workgroups: readonly [number, number, number];
}

/** What of the limits of a device the shaders keep to. */
export interface ShaderLimits {
  readonly maxStorageBuffersPerShaderStage: number;
  readonly maxStorageBufferBindingSize: number;
  readonly maxComputeWorkgroupsPerDimension: number;
  readonly maxComputeInvocationsPerWorkgroup: number;
  readonly maxComputeWorkgroupStorageSize: number;
}

export type Buffers = Plan['buffers'];

/**
 * `regionShaders`, in `regionShaders.ts`: the shaders that carry out a region, one after another; in
 * general one, more for a long reduction into few results, or where one would bind too many buffers.
 */
export type RegionShaders = (region: Region, buffers: Buffers, limits: ShaderLimits) => readonly Shader[];

/** `randomShader`, in `randomShader.ts`: null for a permutation, which the host makes. */
export type RandomShader = (
  call: Pick<Extract<Call, { kind: 'random' }>, 'distribution' | 'output'>,
  buffers: Buffers,
  limits: ShaderLimits,
) => Shader | null;
