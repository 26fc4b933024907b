/**
 * Programs, and specs: shapes and dtypes of the inputs of programs, the parameters of models, and checkpoints.
 *
 * - `'B 28 28 1'` is a float32 tensor of that shape, `''` a scalar;
 * - `'B:int32'` and `':bool'` have another dtype; `'key'` is a random key;
 * - records and arrays of specs are trees. They may contain a {@link TreeSpec}.
 */
import type { IsAny, NotAny } from '../../internal/typeKinds.js';
import { isResultOf, isTagged } from '../../internal/either.js';
import { refined } from '../../internal/decode.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { type Bindings, evaluateDim, symbolsIn } from '../types/dimExpression.js';
import { type DimOf, type Extent, isExtent, type OrElse } from '../types/dim.js';
import { attempt, failure, type NoisefoldError, raise, showShape, textOf } from '../../internal/errors.js';
import type { AnyTensor, DType, Key, Shape, Tensor } from './tensor.js';
import type { Evaluated } from '../types/evaluated.js';
import { leaves, mapLeaves } from '../types/tree.js';
import type { BadSpec, Split } from '../types/words.js';
import { callback, list, partLike } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';

export type { Bindings } from '../types/dimExpression.js';

/** A spec as written by the user. */
export type Spec = string | TreeSpec<unknown> | readonly Spec[] | { readonly [name: string]: Spec };

/** The spec of one tensor. */
export interface LeafSpec {
  readonly _tag: 'LeafSpec';
  /** The path in the tree: `down.0.conv1.kernel`. */
  readonly path: string;
  readonly shape: Shape;
  readonly dtype: DType;
}

declare const params: unique symbol;

/** A parsed spec. `P` is the type of the tree of tensors. */
export interface TreeSpec<out P> {
  readonly _tag: 'TreeSpec';
  /** The tree, with a {@link LeafSpec} for each tensor. */
  readonly tree: unknown;
  readonly leaves: readonly LeafSpec[];
  /** Phantom: absent at run time. */
  readonly [params]?: P;
}

// Types of specs

/** The shape of a string of extents and symbols: `['B', 28, 28, 1]` for `'B 28 28 1'`. */
export type ShapeOf<S extends string> = string extends S ? Shape : DimsOf<Split<S>>;
type DimsOf<W extends readonly string[]> = { [I in keyof W]: DimOf<W[I]> };

type TensorOf<S extends string> =
  {} extends Record<S, 1> // a wide string, or a pattern of strings
    ? AnyTensor
    : S extends 'key'
      ? Key
      : S extends `${infer Extents}:${infer D}`
        ? Tensor<ShapeOf<Extents>, D & DType>
        : Tensor<ShapeOf<S>>;

/** The tree of tensors of a spec; `unknown` for the wide type `Spec`. */
export type Of<P> = [Spec] extends [P] ? unknown : TreeOf<P>;

type TreeOf<P> =
  P extends TreeSpec<infer T> ? T : P extends string ? TensorOf<P> : { readonly [K in keyof P]: Of<P[K]> };

/** `P`, with an error message in place of each invalid string. */
export type CheckedSpec<P> = IsAny<P> extends true ? never : [Spec] extends [P] ? Spec : CheckedTree<P>;

type CheckedTree<P> =
  P extends TreeSpec<unknown>
    ? P
    : P extends string
      ? OrElse<BadSpec<P>, P>
      : P extends number | boolean | bigint | symbol
        ? 'a spec is a string, or a record or array of specs'
        : { readonly [K in keyof P]: CheckedSpec<P[K]> };

type Punctuation = '(' | ')' | '+' | '*' | '/';

/** Marks, in a union of names, that there may be symbols which the types do not contain. */
type Unknown = number;

/** The symbols of an expression, split at punctuation: `'C' | 'D'` for `'(C+D)/2'`. */
type NamesIn<D, Name extends string = ''> = D extends `${infer C}${infer Rest}`
  ? C extends Punctuation
    ? SymbolIn<Name> | NamesIn<Rest>
    : NamesIn<Rest, `${Name}${C}`>
  : string extends D
    ? Unknown
    : SymbolIn<Name>;

type SymbolIn<Name extends string> = Name extends `${number}` | '' ? never : Name;

/** The symbols in a tree of tensors, and {@link Unknown} for extents that may be symbols. */
type Names<T> =
  T extends Tensor<infer S, DType>
    ? NamesIn<S[number]>
    : T extends readonly (infer U)[]
      ? Names<U>
      : T extends object
        ? { [K in keyof T]-?: Names<T[K]> }[keyof T]
        : unknown extends T
          ? Unknown
          : never;

/** The symbols in a tree of tensors, for which `compile` takes extents. */
export type Syms<T> = Names<T> & string;

/**
 * True for a symbol of the inputs `I`. Also true if the types of the inputs do not contain all symbols, or if `K` is
 * `string`.
 */
type IsSymbol<K, I> = string extends K ? true : K extends Names<I> ? true : Unknown extends Names<I> ? true : false;

/** The extents in a tree of tensors that contain a half, such as `'H/2'`. */
type Halves<T> =
  T extends Tensor<infer S, DType>
    ? Extract<S[number], `${string}/2${string}`>
    : T extends readonly (infer U)[]
      ? Halves<U>
      : T extends object
        ? Halves<T[keyof T]>
        : never;

/** A message if one of the extents `D` halves the symbol `K` and the extent of `K` is odd; otherwise `never`. */
type OddHalf<K, D, E> = D extends unknown
  ? [NamesIn<D>] extends [K]
    ? Evaluated<D, E> extends `${infer Odd}: ${string}`
      ? `the program halves ${K & string}, but ${Odd}`
      : never
    : never
  : never;

/**
 * `E`, extents by symbol, with an error message in place of each wrong extent: an invalid one, one for a symbol that
 * the inputs `I` do not have, and an odd one that a result in `O` halves.
 */
export type CheckedBindings<I, O, E> = unknown extends E
  ? NotAny<E>
  : {
      readonly [K in keyof E]: IsSymbol<K, I> extends true
        ? OrElse<OddHalf<K, Halves<O>, E>, Extent<E[K]>>
        : `the program has no symbol ${K & string}`;
    };

// Parsing

const DTYPES: readonly string[] = ['float32', 'int32', 'bool', 'key'] satisfies readonly DType[];

const isDType = (name: string): name is DType => DTYPES.includes(name);

/**
 * Tests if a value is a {@link LeafSpec}, not a tree of them.
 * @example
 * isLeafSpec(leafSpec(['B', 10])) // → true
 * isLeafSpec({ w: leafSpec(['B', 10]) }) // → false
 */
export const isLeafSpec = (x: unknown): x is LeafSpec => isTagged(x, 'LeafSpec');

const shapeOf = argument('leafSpec: shape', list("a shape, such as ['B', 28]"));

/**
 * Makes the spec of one tensor, for a tree that depends on a configuration; {@link treeSpec} sets its path. Raises
 * `ShapeError` for an invalid dim.
 * @example leafSpec(['B', 'H/2']) // → { _tag: 'LeafSpec', path: '', shape: ['B', 'H/2'], dtype: 'float32' }
 */
export const leafSpec = (shape: Shape, dtype: DType = 'float32'): LeafSpec => {
  shapeOf.demand(shape);
  const demand = (holds: boolean, expected: string, actual: string, hint: string): void => {
    if (!holds) raise('ShapeError', { where: `spec ${showShape(shape)}`, expected, actual, hint });
  };
  const isDim = (dim: unknown): boolean =>
    typeof dim === 'number' ? isExtent(dim) : typeof dim === 'string' && E.isRight(symbolsIn(dim));
  const wrong = shape.findIndex((dim) => !isDim(dim));
  const dims = "integers ≥ 0, symbols, and expressions like 'H/2', '2*C', 'C+D'";
  demand(wrong < 0, dims, textOf(shape[wrong]), 'symbols begin with a letter');
  const hasNoAxes = dtype !== 'key' || shape.length === 0;
  demand(hasNoAxes, "a key without a shape, 'key'", `${showShape(shape)} of keys`, 'fork one key instead');
  return { _tag: 'LeafSpec', path: '', shape, dtype };
};

const parseString = (spec: string): LeafSpec => {
  if (spec === 'key') return leafSpec([], 'key');
  const [extents = '', dtype = 'float32', ...more] = spec.split(':');
  const words = extents.split(/\s+/).filter((word) => word !== '');
  const among = words.find(isDType);
  if (!isDType(dtype) || more.length > 0 || among)
    return raise('DTypeError', {
      where: `spec '${spec}'`,
      expected: `one of ${DTYPES.join(', ')} after a colon`,
      actual: among ? `${among} without one` : spec.slice(extents.length + 1),
      hint: "write 'B 28 28 1' or 'B:int32'",
    });
  const dims = words.map((word) => (/^-?\d+(\.\d+)?$/.test(word) ? Number(word) : word));
  return leafSpec(dims, dtype);
};

type Part = string | LeafSpec | TreeSpec<unknown>;

const isPart = (x: unknown): x is Part => typeof x === 'string' || isLeafSpec(x) || isTagged(x, 'TreeSpec');

const leavesOf = (part: Part): unknown =>
  typeof part === 'string' ? parseString(part) : part._tag === 'TreeSpec' ? part.tree : part;

const specOf = argument(
  'spec',
  refined(t.unknown, 'a spec', (x) => !isResultOf(x)),
);

/** A spec as an argument. */
export const treeSpecPart = partLike(
  'a spec',
  "unwrap(parseSpec({ x: 'B 28 28 1' })), or treeSpec(…)",
  'tree',
  'leaves',
);

/**
 * Makes a spec from a tree of {@link LeafSpec} and other specs that depends on a configuration. `P` is not checked: it
 * must be the type of the tree of tensors that the leaves describe. Raises the errors that {@link parseSpec} returns.
 * @example
 * const spec = treeSpec<{ readonly fc: { readonly w: Tensor<[Dim, 2]> } }>({ fc: { w: leafSpec([4, 2]) } })
 * spec.leaves.map(({ path, shape }) => [path, shape]) // → [['fc.w', [4, 2]]]
 */
export const treeSpec = <P>(tree: unknown): TreeSpec<P> => {
  specOf.demand(tree);
  const flat = mapLeaves(tree, isPart, leavesOf);
  const withPaths = mapLeaves(flat, isLeafSpec, (leaf, path) => ({ ...leaf, path }));
  return { _tag: 'TreeSpec', tree: withPaths, leaves: leaves(withPaths, isLeafSpec).map(({ leaf }) => leaf) };
};

/**
 * Parses a spec: a string of extents such as `'B 28 28 1'`, or a tree of such strings. Returns a `ShapeError` for
 * invalid extents, a `DTypeError` for an unknown dtype, and a `ConfigError` for anything else.
 * @example
 * symbolsOf(unwrap(parseSpec({ x: 'B H W/2 1', t: 'B:int32' }))) // → ['B', 'H', 'W']
 * const wrong = parseSpec('B:float')
 * isLeft(wrong) && wrong.left.where // → "spec 'B:float'"
 */
export const parseSpec = <const P extends Spec>(spec: P): either.Either<NoisefoldError, TreeSpec<Of<P>>> =>
  parseAs(spec);

/** {@link parseSpec} with a type given by the caller, which is not checked. */
const parseAs = <T>(spec: unknown): either.Either<NoisefoldError, TreeSpec<T>> => attempt(() => treeSpec<T>(spec));

/**
 * Replaces each leaf of a spec by a tensor. The caller ensures that it has the shape of the leaf.
 * @example
 * const spec = treeSpec<{ readonly fc: { readonly b: Tensor<[2]> } }>({ fc: { b: leafSpec([2]) } })
 * fillSpec(spec, () => ones(2)) // → { fc: { b: [1, 1] } }
 */
export const fillSpec = <P>(spec: TreeSpec<P>, f: (leaf: LeafSpec) => AnyTensor): P =>
  mapLeaves(spec.tree, isLeafSpec, f) as P; // the tree of tensors of the spec, by definition

/**
 * Evaluates the extents of a leaf at bindings of its symbols. Fails as {@link evaluateDim} does, with the path of the leaf.
 * @example
 * unwrap(extentsOf(leafSpec(['B', 'H/2', 3]), { B: 8, H: 28 })) // → [8, 14, 3]
 * const wrong = extentsOf(leafSpec(['B']), {})
 * isLeft(wrong) && wrong.left._tag // → 'UnknownDim'
 */
export const extentsOf = (leaf: LeafSpec, bindings: Bindings): either.Either<NoisefoldError, readonly number[]> =>
  F.pipe(
    leaf.shape,
    E.traverseArray((dim) => evaluateDim(dim, bindings)),
    E.mapLeft((error) =>
      leaf.path === '' ? error : failure(error._tag, { ...error, where: `${leaf.path}: ${error.where}` }),
    ),
  );

/**
 * Lists the symbols of a spec in the order of their first use.
 * @example symbolsOf(treeSpec({ x: leafSpec(['B', 'H/2', 3]), y: leafSpec(['B', '2*C']) })) // → ['B', 'H', 'C']
 */
export const symbolsOf = (spec: TreeSpec<unknown>): readonly string[] => {
  const dims = spec.leaves.flatMap(({ shape }) => shape);
  return [...new Set(dims.flatMap((dim) => E.getOrElse((): readonly string[] => [])(symbolsIn(dim))))];
};

/** The names of the inputs of a program, from its spec; null if its input is one tensor. */
export const inputNames = ({ tree }: TreeSpec<unknown>): readonly string[] | null =>
  typeof tree === 'object' && tree !== null && !isLeafSpec(tree) ? Object.keys(tree) : null;

/** A function of tensors and the spec of its inputs. */
export interface Program<I, O> {
  /** The parsed spec; `compile` reports the error of an invalid one. */
  readonly inputs: either.Either<NoisefoldError, TreeSpec<I>>;
  readonly trace: (inputs: I) => O;
}

/**
 * A message for a function without a result. It is a member of a type that depends on `O`, for the reason that `Late`
 * gives.
 */
type WithResult<O> = O extends unknown
  ? { readonly message: O extends void ? 'the program has no result: write return' : unknown }
  : never;
/**
 * `O`, or `unknown` if the function only throws. If `O` is a type parameter, its constraint is `unknown`, so it is
 * accepted.
 */
type Result<O> = [O] extends [never] ? unknown : unknown extends O ? unknown : O;

const traced = argument('program: f', callback('a function of the inputs'));

/**
 * Makes a program from the spec of its inputs and a function, whose argument has the type of the spec. `compile` traces the
 * function; `program` does not call it.
 * @example program('B 28 28 1', (x) => meanPerSample(square(x))) // : Program<Tensor<['B', 28, 28, 1]>, Tensor<['B']>>
 */
export const program = <const P extends Spec, O>(
  inputs: CheckedSpec<P>,
  f: ((inputs: Of<P>) => O) & WithResult<Result<O>>['message'],
): Program<Of<P>, O> => {
  traced.demand(f);
  return { inputs: parseAs<Of<P>>(inputs), trace: f };
};
