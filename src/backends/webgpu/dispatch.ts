/** What carries out the calls of a plan on a device: shaders, and what they are bound to, by the plan's buffers. */
import type { KeyExpression } from '../../dsl/plan.js';
import type { Named, Rule } from '../shared/kernel.js';

/** What is bound at one place of group 0. */
export type Resource =
  /** From the lowest to the highest element of these buffers of the plan. */
  | { readonly kind: 'buffers'; readonly buffers: readonly [number, ...number[]] }
  /** Working memory of so many elements, the same for all dispatches of a call. */
  | { readonly kind: 'scratch'; readonly elements: number }
  /** The two words of the call's key. */
  | { readonly kind: 'key' }
  /** Words that never change. */
  | { readonly kind: 'uniform'; readonly words: Uint32Array };

export interface Binding {
  readonly resource: Resource;
  /** As the shader declares it: `read_write`, or not. */
  readonly writable: boolean;
}

/** One run of a compute shader, whose entry point is `main`. */
export interface Dispatch {
  readonly code: string;
  /** In the order of `@binding` numbers, from 0. */
  readonly bindings: readonly Binding[];
  readonly workgroups: readonly [number, number, number];
}

/** Numbers that the host makes of a key, for a run: a permutation, which is a chain of swaps. */
export interface HostMade {
  readonly buffer: number;
  readonly offset: number;
  readonly elements: number;
  readonly make: (key: readonly [number, number], into: Int32Array) => void;
}

/** What carries out one call. */
export interface GpuKernel extends Named {
  /** One after another. */
  readonly dispatches: readonly Dispatch[];
  /** Numbers of the host that come first. */
  readonly made?: HostMade;
  /** What `key` resources, and numbers of the host, are made of. */
  readonly key?: KeyExpression;
}

export type GpuRule = Rule<GpuKernel>;
