import type { KeyWords } from '../../dsl/backend.js';
import type { Call, Plan, View } from '../../dsl/plan.js';
import { sizeOf } from '../../dsl/node.js';
import type { NumberArray } from './heap.js';

/** Where everything lies during a run, by the plan's buffers and inputs. Kernels must not keep it. */
export interface Frame {
  readonly arrays: readonly NumberArray[];
  /** The heap's addresses of the same: bytes, where the heap is one linear memory. */
  readonly addresses: readonly number[];
  /** Key inputs; undefined for the others. */
  readonly keys: readonly (KeyWords | undefined)[];
  /**
   * Takes the arrays anew if the heap has moved. The executor does so before each call; a kernel that
   * has allocated does so before it goes on.
   */
  readonly refresh: () => void;
}

/** What carries out one call of a plan. */
export interface Named {
  /** For `explain`. */
  readonly name: string;
}

/** Code of the host that carries out one call. */
export interface Kernel extends Named {
  readonly run: (frame: Frame) => void;
}

/** A way to carry out some calls: null for those it does not take. The first rule that takes a call wins. */
export type Rule<K extends Named = Kernel> = (call: Call) => K | null;

/** The rules for a plan, which may look at all of it first. */
export type RulesFor<K extends Named = Kernel> = (plan: Plan) => readonly Rule<K>[];

/** The elements of a dense view. */
export const elementsOf = (frame: Frame, view: View): NumberArray =>
  frame.arrays[view.buffer]!.subarray(view.offset, view.offset + sizeOf(view.shape));

/** The buffers that a call writes. */
export const writtenBy = (call: Call): readonly number[] =>
  call.kind === 'region' ? call.region.stores.map((store) => store.buffer) : [call.output.buffer];
