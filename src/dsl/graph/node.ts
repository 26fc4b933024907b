/** The expression graph: plain immutable nodes. A staged tensor is a handle on a node. */
import type { Distribution } from '../../internal/numerics/threefry.js';
import type { DType } from '../types/dtype.js';
import { countable } from '../types/dim.js';
import { showType, type Typed } from '../../internal/errors.js';
import { elementAt } from '../../internal/lookup.js';

export type { DType } from '../types/dtype.js';

/**
 * The functions of one element. `float16` and `bfloat16` decode the upper half of an int32, exactly; programs have them
 * where an input is stored in 16 bits.
 */
export type UnaryFn =
  | 'neg' | 'abs' | 'sign' | 'floor' | 'ceil' | 'round'
  | 'exp' | 'expm1' | 'log' | 'log1p' | 'sqrt' | 'rsqrt' | 'reciprocal'
  | 'sin' | 'cos' | 'tan' | 'tanh' | 'atan' | 'sigmoid' | 'erf'
  | 'not' | 'isFinite' | 'float16' | 'bfloat16'; // oxfmt-ignore

/** The functions of two elements. `mod` has the sign of the divisor (floor division), for float32 and int32. */
export type BinaryFn =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'pow'
  | 'mod'
  | 'max'
  | 'min'
  | 'equal'
  | 'less'
  | 'lessEqual'
  | 'and'
  | 'or';

/** The reductions of a region and of `reduce`. */
export type ReduceFn = 'sum' | 'prod' | 'max' | 'min';
export type { Distribution };

/** Attributes of a two-dimensional convolution, as in XLA: NHWC input, HWIO kernel, NHWC output. */
export interface ConvAttributes {
  readonly strides: readonly [number, number];
  /** `[[top, bottom], [left, right]]`, applied after the input is dilated; negative padding crops. */
  readonly padding: readonly [readonly [number, number], readonly [number, number]];
  readonly lhsDilation: readonly [number, number];
  readonly rhsDilation: readonly [number, number];
  /** The number of groups of the input and output channels. */
  readonly groups: number;
  /** The number of groups of the batch, each with its own slice of the output channels. */
  readonly batchGroups: number;
}

/** A kernel that reads strided views and writes a dense result. */
export type Anchor = ProductAnchor | AttentionAnchor;

/** An anchor of two operands, whose result is a sum of products. */
export type ProductAnchor =
  /** `[...batch, m, k]·[...batch, k, n]` → `[...batch, m, n]`. */
  | { readonly op: 'dot' }
  | { readonly op: 'conv2d'; readonly attributes: ConvAttributes }
  /** The gradient with respect to the kernel of a convolution, `[KH, KW, C, D]`, from image and cotangent. */
  | { readonly op: 'filterGradient'; readonly attributes: ConvAttributes };

/**
 * softmax(scale·q·kᵀ)·v in each head, for q `[…, N, heads, d]`, and k and v `[…, M, heads, d]`. The gradients of q, k and v, from
 * these and the cotangent, are one tensor, `[…, N + M + M, heads, d]`.
 */
export interface AttentionAnchor {
  readonly op: 'attention' | 'attentionGradient';
  readonly scale: number;
}

/** The numbers of a constant, row-major. */
export type ConstantData = Float64Array | Float32Array | Int32Array | Uint8Array;

/**
 * An operation on operands `I` with options `O`, which a backend lowers natively or by its decomposition. Its functions
 * are methods, because TypeScript lets a record with such methods stand for `Composite`, whose operands and options
 * have wider types; `composite` passes the right ones.
 */
export interface Composite<I extends readonly Node[] = readonly Node[], O extends CompositeOptions = CompositeOptions> {
  readonly name: string;
  decompose(inputs: I, options: O): Node;
  /** The cotangents of the inputs. If absent, the decomposition is differentiated. */
  derivative?(inputs: I, output: Node, cotangent: Node, options: O): readonly (Node | null)[];
  /** The options for operands with one more leading axis, if the composite then applies to each element of that axis. */
  batch?(options: O): O;
  /**
   * Returns the same composite with another decomposition. Present only if the derivative is made from the
   * decomposition.
   */
  readonly redefined?: (decompose: Composite['decompose']) => Composite;
  /** The anchor that replaces the decomposition, on backends that have a kernel for it. */
  anchor?(options: O): Anchor;
}
export type CompositeOptions = Readonly<Record<string, unknown>>;

/** The attributes of each primitive. The node itself holds the shape and dtype of the result. */
export interface Attributes {
  readonly input: { readonly path: string };
  readonly constant: { readonly data: ConstantData };
  readonly iota: { readonly axis: number };
  readonly unary: { readonly fn: UnaryFn };
  readonly binary: { readonly fn: BinaryFn };
  readonly select: NoAttributes;
  readonly cast: NoAttributes;
  readonly reshape: NoAttributes;
  readonly transpose: { readonly permutation: readonly number[] };
  /** Axes of extent 1 are repeated; the rank stays. */
  readonly broadcast: NoAttributes;
  /** `name`: the path of the tensor in a tree of parameters that were concatenated to the operand. */
  readonly slice: { readonly start: readonly number[]; readonly strides: readonly number[]; readonly name?: string };
  readonly flip: { readonly axes: readonly number[] };
  /** `interior` is the number of values between neighbours. No number is negative. */
  readonly pad: {
    readonly low: readonly number[];
    readonly high: readonly number[];
    readonly interior: readonly number[];
    readonly value: number;
  };
  readonly concat: { readonly axis: number };
  /** Drops the reduced axes. */
  readonly reduce: { readonly fn: ReduceFn; readonly axes: readonly number[] };
  readonly cumsum: { readonly axis: number; readonly reverse: boolean };
  /** The int32 index of the greatest value, the first of equal ones. NaN counts as ∞. Drops the axis. */
  readonly argmax: { readonly axis: number };
  /** The int32 indices of the k greatest values along the last axis, descending and stable. NaN counts as ∞. */
  readonly topKIndices: { readonly k: number };
  /** `x: [n, ...rest]`, `indices: [m]` → `[m, ...rest]`. */
  readonly gather: NoAttributes;
  /** `indices: [m]`, `updates: [m, ...rest]` → `[size, ...rest]`; equal indices add. */
  readonly scatterAdd: { readonly size: number };
  /** `[...batch, m, k]` and `[...batch, k, n]` → `[...batch, m, n]`. */
  readonly dot: NoAttributes;
  readonly conv2d: ConvAttributes;
  /** A new key from a key and two 32-bit words. */
  readonly deriveKey: { readonly words: readonly [number, number] };
  readonly random: { readonly distribution: Distribution };
  /** The operand, stored in a buffer. `path` is the path of the input that the operand decodes. */
  readonly stored: { readonly path?: string };
  /** The first operand, for uses that wait until the other operands are computed. */
  readonly after: NoAttributes;
  readonly stopGradient: NoAttributes;
  readonly composite: { readonly composite: Composite; readonly options: CompositeOptions };
}
export type NoAttributes = Readonly<Record<never, never>>;
/** The names of the primitives. */
export type Op = keyof Attributes;

type None = readonly [];
/** One operand. */
export type One = readonly [x: Node];
/** Two operands. */
export type Two = readonly [a: Node, b: Node];

/** The operands of each primitive. */
export interface Operands {
  readonly input: None;
  readonly constant: None;
  readonly iota: None;
  readonly unary: One;
  readonly binary: Two;
  readonly select: readonly [condition: Node, onTrue: Node, onFalse: Node];
  readonly cast: One;
  readonly reshape: One;
  readonly transpose: One;
  readonly broadcast: One;
  readonly slice: One;
  readonly flip: One;
  readonly pad: One;
  readonly concat: readonly [Node, ...Node[]];
  readonly reduce: One;
  readonly cumsum: One;
  readonly argmax: One;
  readonly topKIndices: One;
  readonly gather: readonly [x: Node, indices: Node];
  readonly scatterAdd: readonly [indices: Node, updates: Node];
  readonly dot: Two;
  readonly conv2d: readonly [image: Node, kernel: Node];
  readonly deriveKey: readonly [key: Node];
  readonly random: readonly [key: Node];
  readonly stored: One;
  /** x, and the nodes that are computed before its uses. Lowering removes these nodes from the operands. */
  readonly after: readonly [x: Node, ...before: Node[]];
  readonly stopGradient: One;
  readonly composite: readonly Node[];
}

/** A list of the length of `T` with elements `A`. */
export type Each<T extends readonly unknown[], A> = { readonly [I in keyof T]: A };

/**
 * The fields of a node. If `K` is a union, the fields may belong to different primitives; in `NodeOf` they belong to
 * one.
 */
export interface NodeFields<K extends Op> {
  readonly op: K;
  readonly inputs: Operands[K];
  readonly attributes: Attributes[K];
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** One more than the deepest input: sorting by it is a topological order. */
  readonly depth: number;
}
export type NodeOf<K extends Op> = { readonly [P in K]: NodeFields<P> }[K];
export type Node = NodeOf<Op>;

/**
 * Sets the text that `console.log` of Node shows for an object and for objects that inherit from it:
 * `Tensor float32 [2] (…)`.
 */
export const inspected = <T extends object>(x: T, kind: string, note: () => string): T =>
  Object.defineProperty(x, Symbol.for('nodejs.util.inspect.custom'), {
    value(this: Typed): string {
      return `${kind} ${showType(this)} (${note()})`;
    },
  });

/** The prototype of nodes. A property on each node would make construction slower. */
const printed = inspected({}, 'Tensor', () => 'part of a program; it has no numbers');

/**
 * Makes a node. The caller ensures that the shape and dtype fit the operation, as the constructors in `primitives/` do.
 * Raises `ShapeError` for invalid extents, and for more elements than can be counted.
 */
export const node = <K extends Op>(
  op: K,
  inputs: Operands[K],
  attributes: Attributes[K],
  shape: readonly number[],
  dtype: DType,
): NodeOf<K> => {
  const operands: readonly Node[] = inputs;
  const result = {
    __proto__: printed,
    op,
    inputs,
    attributes,
    shape: countable(op, shape),
    dtype,
    depth: 1 + operands.reduce((deepest, input) => Math.max(deepest, input.depth), 0),
  };
  return result;
};

/** The operand of a node of one operand, or the first of several. */
export const operandOf = ({ inputs }: Node): Node => elementAt<Node>(inputs, 0);

/** The extent of an axis, which may count from the end. The axis is known to exist. */
export const extentAt = ({ shape }: Pick<Node, 'shape'>, axis: number): number => elementAt(shape, axis);

/**
 * Lists the roots and the nodes below them, each once and after its inputs. Does not enter the nodes in `seen`, and adds the
 * others to it.
 */
export const reachable = (roots: readonly Node[], seen = new Set<Node>()): readonly Node[] => {
  const order: Node[] = [];
  // an explicit stack, because graphs may be deeper than the call stack: the entered nodes, and the next input of each
  const path: Node[] = [];
  const next: number[] = [];
  const enter = (n: Node): void => {
    if (seen.has(n)) return;
    seen.add(n);
    path.push(n);
    next.push(0);
  };
  for (const root of roots) {
    enter(root);
    while (path.length > 0) {
      const top = path.length - 1;
      const input = path[top]!.inputs[next[top]!++];
      if (input !== undefined) enter(input);
      else {
        order.push(path.pop()!);
        next.pop();
      }
    }
  }
  return order;
};

/** Replaces the inputs of a node by others of the same shapes and dtypes. */
export const withInputs = (n: Node, inputs: readonly Node[]): Node =>
  (n.inputs as readonly Node[]).every((input, i) => input === inputs[i])
    ? n
    : node(n.op, inputs as Operands[Op], n.attributes, n.shape, n.dtype); // the caller gives as many inputs as `n` has

/**
 * Rebuilds a graph bottom-up: `visit` gets each node with its inputs already rewritten. Nodes with an entry in `images`
 * are replaced by it without a visit.
 */
export const rewrite = <const R extends readonly Node[]>(
  roots: R,
  visit: (n: Node, original: Node) => Node,
  images: ReadonlyMap<Node, Node> = new Map(),
): Each<R, Node> => {
  const changed = new Map(images); // most passes leave most nodes as they are
  const imageOf = (n: Node): Node => changed.get(n) ?? n;
  for (const original of reachable(roots, new Set(images.keys()))) {
    const isStale = original.inputs.some((input) => changed.has(input));
    const image = visit(isStale ? withInputs(original, original.inputs.map(imageOf)) : original, original);
    if (image !== original) changed.set(original, image);
  }
  const rewritten: readonly Node[] = roots.map(imageOf);
  return rewritten as Each<R, Node>; // one for each
};

/** Replaces nodes of a graph by others, one for each. */
export const substitute = <const R extends readonly Node[]>(roots: R, from: readonly Node[], to: readonly Node[]) =>
  rewrite(roots, (n) => n, new Map(from.map((n, i) => [n, elementAt(to, i)])));

/**
 * The path of an input, of an input that the program decodes, or of a named slice of an input: the slice `w` of the vector
 * `params.0` is `params.w`. Null for computed nodes.
 */
export const pathOf = (n: Node): string | null => {
  if (n.op === 'input' || n.op === 'stored') return n.attributes.path ?? null;
  if (n.op === 'reshape' && n.inputs[0].op === 'slice') return pathOf(n.inputs[0]);
  const [vector, name] = n.op === 'slice' ? [pathOf(n.inputs[0]), n.attributes.name] : [null, undefined];
  if (vector === null || name === undefined) return null;
  return [vector.slice(0, Math.max(0, vector.lastIndexOf('.'))), name].filter((part) => part !== '').join('.');
};

/**
 * The place of a node in the model: the path of the parameter that it reads (`params.down.0.conv1.kernel`), through casts
 * and movements; empty if there is none. Searches the operands backwards because parameters come after data.
 */
export const placeOf = (n: Pick<Node, 'inputs'>): string => {
  for (let i = n.inputs.length - 1; i >= 0; i--) {
    let at = n.inputs[i]!;
    while (at.inputs.length === 1 && at.op !== 'composite' && pathOf(at) === null) at = at.inputs[0];
    const path = pathOf(at);
    if (path !== null) return path;
  }
  return '';
};

/** Formats an operation for errors, with the place of its operands in the model. */
export const whereOf = (op: string, operands: readonly Node[]): string => {
  const place = placeOf({ inputs: operands });
  return place === '' ? op : `${op} (near ${place})`;
};

const isConstantData = (x: unknown): x is ConstantData =>
  [Float64Array, Float32Array, Int32Array, Uint8Array].some((kind) => x instanceof kind);

/** Formats attributes with all numbers; a composite is its name and its options. */
const attributesText = (attributes: unknown): string =>
  JSON.stringify(attributes, (_, value: unknown) => {
    if (isConstantData(value)) return Array.from(value, String);
    return typeof value === 'number' ? String(value) : value; // JSON has no NaN and no -0
  });

/** Formats a graph, one line for each node. Graphs of the same structure have the same text. */
export const graphText = (root: Node): string => {
  const nodes = reachable([root]);
  const places = new Map(nodes.map((node, i) => [node, i]));
  const textOf = ({ op, dtype, shape, attributes, inputs }: Node): string =>
    [op, dtype, shape.join(), attributesText(attributes), inputs.map((n) => places.get(n)).join()].join(' ');
  return nodes.map(textOf).join('\n');
};
