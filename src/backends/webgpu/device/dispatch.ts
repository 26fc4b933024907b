/** Kernels on a device: lists of shader dispatches, whose bindings refer to the plan's buffers. */
import type { KeyExpression } from '../../../dsl/plan/plan.js';
import type { NamedKernel, Rule } from '../../shared/kernel.js';
import type { Binding as ShaderBinding } from '../wgsl/shader.js';

/** The resource at one binding of group 0: that of a generated shader, or constant words in a uniform buffer. */
export type Binding = ShaderBinding | { readonly kind: 'uniform'; readonly words: Uint32Array };

/** One dispatch of a compute shader with entry point `main`. */
export interface Dispatch {
  readonly code: string;
  /** In order of `@binding` number, from 0. */
  readonly bindings: readonly Binding[];
  readonly workgroups: readonly [number, number, number];
}

/** Numbers that the host generates from a key before a run: a permutation, which is a sequential chain of swaps. */
export interface HostNumbers {
  readonly buffer: number;
  readonly offset: number;
  readonly elements: number;
  readonly generate: (key: readonly [number, number], into: Int32Array) => void;
}

/** A kernel that runs one call on the device. */
export interface GpuKernel extends NamedKernel {
  /** Run in this order. */
  readonly dispatches: readonly Dispatch[];
  /** Numbers that the host generates, copied to the device before the dispatches. */
  readonly hostNumbers?: HostNumbers;
  /** The key of `key` bindings and of numbers that the host generates. */
  readonly key?: KeyExpression;
}

export type GpuRule = Rule<GpuKernel>;
