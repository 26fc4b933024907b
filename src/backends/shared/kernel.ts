import type { KeyWords } from '../../dsl/plan/backend.js';
import type { Call, Plan, View } from '../../dsl/plan/plan.js';
import { sizeOf } from '../../internal/numbers.js';
import type { NumberArray } from './heap.js';

/** The memory of a run, indexed by the plan's buffers and inputs. Kernels must not keep references to it. */
export interface Frame {
  readonly arrays: readonly NumberArray[];
  /** The heap addresses of the same buffers, in bytes if the heap is one linear memory. */
  readonly addresses: readonly number[];
  /** Indexed by input: its key, or undefined if it is not a key. */
  readonly keys: readonly (KeyWords | undefined)[];
  /**
   * Renews the arrays if the heap has moved. The executor calls this before each call of the plan; a kernel must call
   * it after it has allocated memory.
   */
  readonly refresh: () => void;
}

/** The fields that all kernels have. A kernel runs one call of a plan. */
export interface NamedKernel {
  /** Shown by `explain`. */
  readonly name: string;
}

/** A kernel that runs on the host. */
export interface Kernel extends NamedKernel {
  readonly run: (frame: Frame) => void;
}

/**
 * Makes the kernel of a call, or returns null for a call that it does not handle. The first rule that handles a call
 * wins.
 */
export type Rule<K extends NamedKernel = Kernel> = (call: Call) => K | null;

/** Makes the rules for a plan. They may depend on the whole plan. */
export type RulesFor<K extends NamedKernel = Kernel> = (plan: Plan) => readonly Rule<K>[];

/** Returns the elements of a dense view. */
export const elementsOf = (frame: Frame, view: View): NumberArray =>
  frame.arrays[view.buffer]!.subarray(view.offset, view.offset + sizeOf(view.shape));
