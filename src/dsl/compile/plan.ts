/**
 * The narrow waist: what `compile` hands to a backend. A plan is a flat list of calls on views of
 * buffers, with all memory laid out. Sizes and offsets count elements: a backend decides how many
 * bytes an element takes (4, or 8 for the float64 reference), the same for every dtype.
 */
import type { Anchor, ConstantData, Distribution, Node, Op } from '../graph/node.js';
import type { NumberType, Region } from '../graph/region.js';

/** The origin of a buffer's memory. */
export type Storage =
  /** The executable's own arena, at an element offset. */
  | { readonly kind: 'arena'; readonly offset: number }
  /** The buffer given for an input at each run, from an element on. */
  | { readonly kind: 'input'; readonly input: number; readonly offset: number }
  /** A fresh buffer of each run, handed out as an output. */
  | { readonly kind: 'output'; readonly output: number }
  /** Uploaded once, when the plan is compiled. */
  | { readonly kind: 'constant'; readonly data: ConstantData };

/** The offset of memory within its arena or input, in elements. */
export const offsetOf = (storage: Storage): number => ('offset' in storage ? storage.offset : 0);

export interface Buffer {
  readonly elements: number;
  readonly dtype: NumberType;
  readonly storage: Storage;
  /** The buffer whose memory it is a part of, and where that part begins. */
  readonly partOf?: { readonly buffer: number; readonly offset: number };
}

/** A tensor in a buffer: `strides` has one stride an axis, in elements. */
export interface View {
  readonly buffer: number;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly dtype: NumberType;
}

/** A random key as the host computes it: an input, then words folded in. */
export interface KeyExpression {
  readonly input: number;
  readonly words: readonly (readonly [number, number])[];
}

/** The origin of a call: for `explain` and for messages. */
export interface Origin {
  /** The path of the parameter that it works on, `params.down.0.conv1.kernel`; empty if none. */
  readonly place: string;
  /** The operations that it carries out, the last one first: `mul ∘ sigmoid ∘ add`. */
  readonly label: string;
}

export type Call = { readonly origin: Origin } & (
  | { readonly kind: 'region'; readonly region: Region }
  | {
      readonly kind: 'anchor';
      readonly anchor: Anchor;
      readonly inputs: readonly View[];
      readonly output: View;
      readonly scratch: View | null;
    }
  | {
      readonly kind: 'random';
      readonly distribution: Distribution;
      readonly key: KeyExpression;
      readonly output: View;
    }
  /** A primitive by itself, on dense views. */
  | {
      readonly kind: 'library';
      readonly node: LibraryNode;
      readonly inputs: readonly View[];
      readonly output: View;
    }
);

/** The operation of a library call: a primitive's name and attributes, without its graph. */
export type LibraryNode = { readonly [K in Op]: Pick<Extract<Node, { op: K }>, 'op' | 'attributes'> }[Op];

/** An output: a number buffer, or a key that the host computes. */
export type PlanOutput =
  { readonly kind: 'buffer'; readonly view: View } | { readonly kind: 'key'; readonly key: KeyExpression };

export interface Plan {
  readonly buffers: readonly Buffer[];
  /** In order of execution. */
  readonly calls: readonly Call[];
  readonly arenaElements: number;
  readonly inputs: readonly PlanInput[];
  readonly outputs: readonly PlanOutput[];
}

export interface PlanInput {
  readonly path: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32' | 'bool' | 'key';
  /** The output that takes over this input's memory, or null. */
  readonly donatedTo: number | null;
  /** True where the caller gives the value up, whether or not an output could take the memory. */
  readonly donated: boolean;
}
