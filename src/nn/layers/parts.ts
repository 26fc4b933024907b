/** Checks the parts of a layer, and the parameters that are bound to them. */
import { show } from '../../internal/decode.js';
import {
  type AnyTensor,
  dims,
  isTensor,
  type Key,
  type LeafSpec,
  leaves,
  raise,
  showShape,
  type TreeSpec,
} from '../../dsl/index.js';

/** Any layer; its parameters are `never` so that each `apply` of one argument fits. */
interface AnyPart {
  readonly params: TreeSpec<unknown>;
  readonly init: (key: Key) => unknown;
  readonly apply: (params: never) => unknown;
}

/** A layer at run time, where parameters have no type. */
interface Part {
  readonly params: TreeSpec<unknown>;
  readonly init: (key: Key) => unknown;
  readonly apply: (params: unknown) => unknown;
}

/** The parts `T` of a layer, with a message for the compiler in the place of each member that is no part. */
export type CheckedParts<T> = T extends AnyPart | undefined | null
  ? T
  : T extends Omit<AnyPart, 'apply'>
    ? 'a model is not a layer: apply of a layer takes the parameters alone'
    : T extends AnyTensor | ((...args: never[]) => unknown) | string | number | boolean | bigint | symbol
      ? 'a part is a layer, parameters, or a record of them'
      : { readonly [K in keyof T]: CheckedParts<T[K]> };

const member = (x: unknown, name: string): unknown =>
  typeof x === 'object' && x !== null ? (x as Readonly<Record<string, unknown>>)[name] : undefined;

/** Tests for parameters with an initialization: a layer, or a model. */
const isTrainable = (x: unknown): x is Part =>
  member(member(x, 'params'), '_tag') === 'TreeSpec' && typeof member(x, 'init') === 'function';

/** Tests if a value is a layer. The `apply` of a model takes more than the parameters. */
export const isPart = (x: unknown): x is Part => {
  const apply = member(x, 'apply');
  return isTrainable(x) && typeof apply === 'function' && apply.length <= 1;
};

const isPlain = (x: unknown): boolean =>
  typeof x === 'object' && x !== null && [Object.prototype, null].includes(Object.getPrototypeOf(x) as null);

/** Tests for the end of a branch of parts. Records and arrays are branches. */
const isEnd = (x: unknown): x is unknown => isTensor(x) || isTrainable(x) || !(Array.isArray(x) || isPlain(x));

const shown = (x: unknown): string => {
  if (isTensor(x)) return `a tensor ${showShape(dims(x))}`;
  return isTrainable(x) ? 'a model' : show(x);
};

/** Returns a tree of layers. Raises `ConfigError`, with the path, for a member that is neither a layer nor a tree of layers. */
export const checkedParts = <T>(parts: T): T => {
  const wrong = leaves(parts, isEnd).find(({ leaf }) => !isPart(leaf));
  if (wrong !== undefined)
    raise('ConfigError', {
      where: wrong.path === '' ? 'layer' : `layer: ${wrong.path}`,
      expected: 'a layer, made by linearLayer, parameter or layer',
      actual: shown(wrong.leaf),
      hint: isTrainable(wrong.leaf)
        ? 'apply of a layer takes the parameters alone: call the model in a function of your own'
        : 'call a function without parameters in the body, and make a tensor that is trained with parameter',
    });
  return parts;
};

/** The member of a tree at a path such as `down.0.conv`; the tree itself for the empty path, and undefined if there is none. */
export const memberAt = (tree: unknown, path: string): unknown =>
  path === '' ? tree : path.split('.').reduce(member, tree);

/** Raises `ConfigError`, with the path, if a parameter of the spec is missing or has another shape. */
export const requireParams = (params: TreeSpec<unknown>, given: unknown): void => {
  for (const { path, shape } of params.leaves) {
    const x = memberAt(given, path);
    if (!isTensor(x) || !fits(shape, x))
      raise('ConfigError', {
        where: path === '' ? 'params' : `params.${path}`,
        expected: `a tensor ${showShape(shape)}`,
        actual: isTensor(x) ? showShape(dims(x)) : show(x),
        hint: 'give the parameters that `init` of this layer makes, or those of a checkpoint of it',
      });
  }
};

const fits = (shape: LeafSpec['shape'], x: AnyTensor): boolean => showShape(dims(x)) === showShape(shape);
