/**
 * Layers: plain data and a function. A layer states the shapes of its parameters, their initial values, and the
 * function that uses them.
 */
import {
  type AnyTensor,
  dims,
  dtypeOf,
  type Extents,
  fork,
  isTensor,
  type Key,
  leafSpec,
  type Shape,
  type Tensor,
  treeSpec,
  type TreeSpec,
  type Wide,
  type Widened,
} from '../../dsl/index.js';
import { raise, showShape } from '../../internal/errors.js';
import { extents as extentsOf } from '../../dsl/types/dim.js';
import { leaves, mapLeaves, isBranch, memberAt } from '../../dsl/types/tree.js';
import { show } from '../../internal/decode.js';
import type { Initializer } from './initializers.js';
import { argument } from '../../internal/schema.js';
import { callback } from '../../internal/parts.js';

/** A tree `P` of parameters. */
export interface Trainable<P> {
  readonly params: TreeSpec<P>;
  /** The initial parameters, each drawn from a key of its own path. Call it in a program: `program('key', init)`. */
  readonly init: (key: Key) => P;
}

/** A function `F` with parameters `P`. */
export interface Layer<P, F> extends Trainable<P> {
  /** Binds the parameters. */
  readonly apply: (params: P) => F;
}

/**
 * A layer with function `F` and parameters of any type: for a function that takes a layer, and for a list of different layers. The
 * types of its parameters are not known, so `layer` binds them: make it a part.
 * @example
 * const residual = (inner: AnyLayer<(x: Tensor<[Dim, 8]>) => Tensor<[Dim, 8]>>) =>
 *   layer({ inner }, (bound) => (x: Tensor<[Dim, 8]>) => add(x, bound.inner(x)))
 * const linear = linearLayer({ inputs: 8, outputs: 8 })
 * const stack = layer([residual(linear), residual(residual(linear))], (bound) => (x: Tensor<[4, 8]>) =>
 *   bound.reduce<Tensor<[Dim, 8]>>((h, f) => f(h), x))
 * stack.params.leaves.map(({ path }) => path) // → ['0.inner.w', '0.inner.b', '1.inner.inner.w', '1.inner.inner.b']
 */
export interface AnyLayer<out F> extends Trainable<unknown> {
  readonly apply: (params: never) => F;
}

/** The extent given by a numeric option: the literal, or `Dim` if it is known only at run time. */
export type Channels<C> = Wide<C>;

/** A parameter whose shape type `S` is asserted by the caller, for layers whose extents are type parameters. */
export const parameterOf = <S extends Shape>(
  initializer: Initializer,
  ...extents: readonly unknown[]
): Layer<Tensor<S>, Tensor<S>> => {
  const shape = extents as readonly number[]; // extents are numbers, or messages that the compiler prints
  return {
    params: treeSpec(leafSpec(shape)) as TreeSpec<Tensor<S>>,
    init: (key) => initializer(key, ...shape) as Tensor<S>,
    apply: (x) => x,
  };
};

const initializers = argument(
  'parameter: initializer',
  callback('an initializer', 'give allZeros, or another initializer'),
);

/**
 * A layer of one tensor. Its `apply` returns the tensor itself.
 * @example parameter(fanInNormal(), 64, 128) // : Layer<Tensor<[64, 128]>, Tensor<[64, 128]>>
 */
export const parameter = <const S extends readonly number[]>(
  initializer: Initializer,
  ...extents: Extents<S>
): Layer<Tensor<Widened<S>>, Tensor<Widened<S>>> => {
  initializers.demand(initializer);
  return parameterOf(initializer, ...extentsOf('parameter', extents));
};

/** The parameters of a tree of layers; an absent layer has no parameters. */
export type ParamsOf<T> =
  T extends Trainable<infer P> ? P : T extends undefined ? T : { readonly [K in keyof T]: ParamsOf<T[K]> };

/** The tree of functions that a tree of layers becomes when its parameters are bound. */
export type Bound<T> =
  T extends AnyLayer<infer F> ? F : T extends undefined ? T : { readonly [K in keyof T]: Bound<T[K]> };

/** A layer at run time, where parameters have no type. */
type Part = Layer<unknown, unknown>;

/** The parts `T` of a layer, with a message for the compiler in place of each member that is not a part. */
export type CheckedParts<T> = T extends AnyLayer<unknown> | undefined | null
  ? T
  : T extends Trainable<unknown>
    ? 'a model is not a layer: apply of a layer takes only the parameters'
    : T extends AnyTensor | ((...args: never[]) => unknown) | string | number | boolean | bigint | symbol
      ? 'a part is a layer, parameters, or a record of them'
      : { readonly [K in keyof T]: CheckedParts<T[K]> };

/** Tests for parameters with an initialization: a layer, or a model. */
const isTrainable = (x: unknown): x is Part =>
  memberAt(x, 'params._tag') === 'TreeSpec' && typeof memberAt(x, 'init') === 'function';

/** Tests if a value is a layer. The `apply` of a model takes more than the parameters. */
const isPart = (x: unknown): x is Part => isTrainable(x) && typeof x.apply === 'function' && x.apply.length <= 1;

/** Tests for a leaf of a tree of parts. */
const isEnd = (x: unknown): x is unknown => isTensor(x) || isTrainable(x) || !isBranch(x);

/** Returns a tree of layers. Raises `ConfigError`, with the path, for a member that is neither a layer nor a tree of layers. */
const checkedParts = <T>(parts: T): T => {
  const wrong = leaves(parts, isEnd).find(({ leaf }) => !isPart(leaf));
  if (wrong === undefined) return parts;
  const { path, leaf } = wrong;
  const isModel = isTrainable(leaf);
  const value = isTensor(leaf) ? `a tensor ${showShape(dims(leaf))}` : show(leaf);
  return raise('ConfigError', {
    where: path === '' ? 'layer' : `layer: ${path}`,
    expected: 'a layer, made by linearLayer, parameter or layer',
    actual: isModel ? 'a model' : value,
    hint: isModel
      ? 'apply of a layer takes only the parameters: call the model in a function of your own'
      : 'call a function without parameters in the body, and make a tensor that is trained with parameter',
  });
};

/** Raises `ConfigError`, with the path, if a parameter of the spec is missing or has another shape. */
const requireParams = (params: TreeSpec<unknown>, values: unknown): void => {
  for (const { path, shape } of params.leaves) {
    const x = memberAt(values, path);
    const actual = isTensor(x) ? showShape(dims(x)) : show(x);
    if (!isTensor(x) || actual !== showShape(shape))
      raise('ConfigError', {
        where: path === '' ? 'params' : `params.${path}`,
        expected: `a tensor ${showShape(shape)}`,
        actual,
        hint: 'give the parameters that `init` of this layer makes, or those of a checkpoint of it',
      });
  }
};

/** Gives a bound function a name for errors, if it has none or is a partially applied operation. */
const withName = (name: string, bound: unknown): void => {
  if (typeof bound === 'function' && (bound.name === '' || bound.name.endsWith('(…)')))
    Reflect.defineProperty(bound, 'name', { value: name });
};

/** The key of a part: a fork of the key of the whole tree, by the path of the part. */
const keyAt = (key: Key, path: string): Key => fork(key, path)[path]!;

const isKey = (x: unknown): x is Key => isTensor(x) && dtypeOf(x) === 'key';

/** Gives a part its own key: if the second argument, the context, is a record with a `key`, forks this key by the path. */
const atPath = (path: string, part: unknown): unknown => {
  if (typeof part !== 'function') return part; // a parameter, or a tree of functions
  const own = (context: unknown): unknown => {
    const key = memberAt(context, 'key');
    return isBranch(context) && isKey(key) ? { ...context, key: keyAt(key, path) } : context;
  };
  return new Proxy(part, {
    apply: (f, self, args: readonly unknown[]) => Reflect.apply(f, self, args.map((arg, i) => (i === 1 ? own(arg) : arg))),
  }); // oxfmt-ignore
};

/**
 * {@link layer} with the name of the function that makes it, which errors show if the bound layer is used as a tensor.
 */
export const namedLayer = <T, F>(
  name: string,
  parts: CheckedParts<T>,
  body: (bound: Bound<T>) => F,
): Layer<ParamsOf<T>, F> => {
  const layers = checkedParts(parts);
  const params: TreeSpec<ParamsOf<T>> = treeSpec(mapLeaves(layers, isPart, (part) => part.params));
  return {
    params,
    // the tree with each layer replaced by its parameters; `apply` replaces each layer by its function
    init: (key) => mapLeaves(layers, isPart, ({ init }, path) => init(keyAt(key, path))) as ParamsOf<T>,
    apply: (values) => {
      requireParams(params, values);
      const f = body(
        mapLeaves(layers, isPart, ({ apply }, path) => atPath(path, apply(memberAt(values, path)))) as Bound<T>,
      );
      withName(`${name}(…).apply(params)`, f);
      return f;
    },
  };
};

const bodies = argument('layer: body', callback('a function of the bound parts', 'write (bound) => …'));

/**
 * Puts layers together. `parts` is a tree of layers; `body` gets the same tree with the parameters bound, so that each
 * part is a function, and returns the function of the whole. The parameters have the form of `parts`, and each part is
 * initialized from a key derived from its path. The second argument of a part may be a context: if it is a record with a
 * `key`, the part gets a key derived from its path, so that one context serves all parts. Raises `ConfigError` for a part
 * that is not a layer; `apply` raises it for missing parameters and for parameters of another shape.
 * @example
 * const mlp = layer(
 *   { hidden: linearLayer({ inputs: 2, outputs: 8 }), output: linearLayer({ inputs: 8, outputs: 1 }) },
 *   ({ hidden, output }) => <B extends Dim>(x: Tensor<[B, 2]>) => pipe(x, hidden, silu, output),
 * )
 * mlp.params.leaves.map(({ path }) => path) // → ['hidden.w', 'hidden.b', 'output.w', 'output.b']
 * const params = { hidden: { w: ones(2, 8), b: zeros(8) }, output: { w: ones(8, 1), b: ones(1) } }
 * mlp.apply(params)(zeros(4, 2)) // : Tensor<[4, 1]>
 * mlp.apply(params)(zeros(4, 2)) // → [[1], [1], [1], [1]]
 */
export const layer = <T, F>(parts: CheckedParts<T>, body: (bound: Bound<T>) => F): Layer<ParamsOf<T>, F> => {
  bodies.demand(body);
  return namedLayer<T, F>('layer', parts, body);
};

/** Joins two layers: the parameters are one record, and `apply` returns both functions. */
export const beside = <P extends object, F, Q extends object, G>(
  first: Layer<P, F>,
  second: Layer<Q, G>,
): Layer<P & Q, readonly [F, G]> => ({
  params: treeSpec(Object.assign({}, first.params.tree, second.params.tree)),
  init: (key) => ({ ...first.init(key), ...second.init(key) }),
  apply: (params) => [first.apply(params), second.apply(params)],
});
