/**
 * Plans: the interface between `compile` and backends. A plan is a flat list of calls on views of buffers, with a memory
 * layout. Sizes and offsets are in elements; a backend uses the same number of bytes per element for every dtype (4, or 8
 * for the float64 reference).
 */
import type { Anchor, ConstantData, Distribution, DType, Node, Op } from '../graph/node.js';
import type { NumberType, Region } from '../graph/region.js';

/** The source of the memory of a buffer. */
export type Storage =
  /** The arena of the executable, at an offset. */
  | { readonly kind: 'arena'; readonly offset: number }
  /** The buffer passed for an input, at an offset. */
  | { readonly kind: 'input'; readonly input: number; readonly offset: number }
  /** A new buffer in each run, returned as an output. */
  | { readonly kind: 'output'; readonly output: number }
  /** Uploaded once, at compilation. */
  | { readonly kind: 'constant'; readonly data: ConstantData };

/**
 * The offset of a buffer in its memory, in elements.
 * @example
 * offsetOf({ kind: 'arena', offset: 64 }) // → 64
 * offsetOf({ kind: 'output', output: 0 }) // → 0
 */
export const offsetOf = (storage: Storage): number => ('offset' in storage ? storage.offset : 0);

/** Numbers of one dtype in memory. */
export interface Buffer {
  readonly elements: number;
  readonly dtype: NumberType;
  readonly storage: Storage;
  /** The buffer that contains this one, and the offset in it. */
  readonly partOf?: { readonly buffer: number; readonly offset: number };
}

/** A tensor in a buffer: an offset, and a stride for each axis, in elements. */
export interface View {
  readonly buffer: number;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly dtype: NumberType;
}

/** A random key, computed on the host: an input and the words to fold in. */
export interface KeyExpression {
  readonly input: number;
  readonly words: readonly (readonly [number, number])[];
}

/** The origin of a call, for `explain` and error messages. */
export interface Origin {
  /** The path of the parameter that the call reads, `params.down.0.conv1.kernel`; empty if none. */
  readonly place: string;
  /** The operations of the call, the last one first: `mul ∘ sigmoid ∘ add`. */
  readonly label: string;
}

/** One step of a plan: a fused region, a kernel such as a convolution, a random draw, or a single primitive. */
export type Call = { readonly origin: Origin } & (
  | { readonly kind: 'region'; readonly region: Region }
  | {
      readonly kind: 'anchor';
      readonly anchor: Anchor;
      readonly inputs: readonly View[];
      readonly output: View;
      readonly scratch: View | null;
    }
  | { readonly kind: 'random'; readonly distribution: Distribution; readonly key: KeyExpression; readonly output: View }
  /** A single primitive on dense views. */
  | { readonly kind: 'library'; readonly node: LibraryNode; readonly inputs: readonly View[]; readonly output: View }
);

/**
 * The buffers that a call reads.
 * @example
 * await using nf = await open(reference())
 * const { plan } = await nf.run(compile(program({ x: '3', y: '3' }, ({ x, y }) => add(x, y)), {}))
 * plan.calls.map(readsOf) // → [[0, 1]]
 */
export const readsOf = (call: Call): readonly number[] => {
  if (call.kind === 'random') return [];
  return (call.kind === 'region' ? call.region.loads : call.inputs).map(({ buffer }) => buffer);
};

/**
 * The buffers that a call writes, including scratch memory.
 * @example
 * await using nf = await open(reference())
 * const { plan } = await nf.run(compile(program({ x: '3', y: '3' }, ({ x, y }) => add(x, y)), {}))
 * plan.calls.map(writesOf) // → [[2]]
 */
export const writesOf = (call: Call): readonly number[] => {
  if (call.kind === 'region') return call.region.stores.map(({ buffer }) => buffer);
  const scratch = call.kind === 'anchor' ? call.scratch : null;
  return scratch === null ? [call.output.buffer] : [call.output.buffer, scratch.buffer];
};

/** One operation and its attributes, without inputs. The views of the call replace the inputs. */
export type LibraryNode = { readonly [K in Op]: Pick<Extract<Node, { op: K }>, 'op' | 'attributes'> }[Op];

/** An output: a buffer of numbers, or a key that the host computes. */
export type PlanOutput =
  | { readonly kind: 'buffer'; readonly view: View }
  | { readonly kind: 'key'; readonly key: KeyExpression };

/** A compiled program before a backend makes kernels for it: calls on buffers. */
export interface Plan {
  readonly buffers: readonly Buffer[];
  /** In order of execution. */
  readonly calls: readonly Call[];
  readonly arenaElements: number;
  readonly inputs: readonly PlanInput[];
  readonly outputs: readonly PlanOutput[];
}

/** An input of a plan, in the order of `Runner.run`. */
export interface PlanInput {
  readonly path: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** The output that reuses the memory of this input, or null. */
  readonly donatedTo: number | null;
  /** True if the input was named in `donate`. A run then consumes the value, even if no output reuses its memory. */
  readonly donated: boolean;
}
