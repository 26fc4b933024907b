/**
 * Trees: plain records and arrays, nested, with leaves of one kind. Parameters, optimiser states, inputs and
 * outputs of a program are trees. Members that are `undefined` or `null` (an optional parameter, a gradient
 * that does not exist) are no leaves, and stay as they are.
 */
import { raise } from './errors.js';

/** A leaf and where it is: `down.0.conv1.kernel`, empty for a tree that is one leaf. */
export interface Leaf<A> {
  readonly path: string;
  readonly leaf: A;
}

type IsLeaf<A> = (x: unknown) => x is A;
type Branch = Readonly<Record<string, unknown>> | readonly unknown[];

const isAbsent = (x: unknown): x is undefined | null => x === undefined || x === null;

const isBranch = (x: unknown): x is Branch => {
  if (Array.isArray(x)) return true;
  if (typeof x !== 'object' || x === null) return false;
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
};

/** The path of a member. Two members never have the same: a name has no dot, and is not empty. */
const within = (path: string, key: string): string =>
  key === '' || key.includes('.')
    ? raise('ConfigError', {
        where: path === '' ? 'tree' : path,
        expected: 'names without a dot, of at least a letter',
        actual: `'${key}'`,
        hint: "write 'a.b' as { a: { b: … } }",
      })
    : path === ''
      ? key
      : `${path}.${key}`;

/** What something is, for messages: `Array`, `Float32Array`, `number 3`. */
export const kindOf = (x: unknown): string =>
  typeof x === 'object' && x !== null
    ? (x.constructor?.name ?? 'an object')
    : x === undefined
      ? 'nothing'
      : `${typeof x} ${String(x)}`;

const notATree = (path: string, x: unknown): never =>
  raise('ConfigError', {
    where: path === '' ? 'tree' : path,
    expected: 'a leaf, or a plain record or array of such',
    actual: kindOf(x),
    hint: 'a tree holds nothing else',
  });

/**
 * All leaves of a tree, in the order of insertion. Raises `ConfigError` at what is neither leaf nor tree.
 *
 * @example
 * const isNumber = (x: unknown) => typeof x === 'number'
 * leaves(isNumber)({ a: 1, b: [2] }) // → [{ path: 'a', leaf: 1 }, { path: 'b.0', leaf: 2 }]
 */
export const leaves =
  <A>(isLeaf: IsLeaf<A>) =>
  (tree: unknown): readonly Leaf<A>[] => {
    const found: Leaf<A>[] = [];
    const visit = (x: unknown, path: string): void => {
      if (isAbsent(x)) return;
      if (isLeaf(x)) found.push({ path, leaf: x });
      else if (isBranch(x)) for (const [key, member] of Object.entries(x)) visit(member, within(path, key));
      else notATree(path, x);
    };
    visit(tree, '');
    return found;
  };

/** Rebuilds a branch, member by member. */
const rebuild = (branch: Branch, f: (member: unknown, key: string) => unknown): unknown =>
  Array.isArray(branch)
    ? branch.map((member, i) => f(member, `${i}`))
    : Object.fromEntries(Object.entries(branch).map(([key, member]) => [key, f(member, key)]));

/**
 * A tree of the same form with other leaves.
 *
 * @example
 * const isNumber = (x: unknown) => typeof x === 'number'
 * mapLeaves(isNumber)((n, path) => `${path} = ${n}`)({ a: 1, b: [2] }) // → { a: 'a = 1', b: ['b.0 = 2'] }
 */
export const mapLeaves =
  <A>(isLeaf: IsLeaf<A>) =>
  <B>(f: (leaf: A, path: string) => B) =>
  (tree: unknown): unknown => {
    const visit = (x: unknown, path: string): unknown => {
      if (isAbsent(x)) return x;
      if (isLeaf(x)) return f(x, path);
      return isBranch(x) ? rebuild(x, (member, key) => visit(member, within(path, key))) : notATree(path, x);
    };
    return visit(tree, '');
  };

/**
 * Joins trees leaf by leaf. The first tree gives the form; a later one has a leaf, or nothing (`null`), at
 * each of its leaves. Raises `ConfigError` at the path where the forms differ.
 *
 * @example
 * const isNumber = (x: unknown) => typeof x === 'number'
 * zipLeaves(isNumber)((a, [b]) => a + (b ?? 0))({ x: 1, y: 2 }, { x: 10, y: null }) // → { x: 11, y: 2 }
 */
export const zipLeaves =
  <A>(isLeaf: IsLeaf<A>) =>
  <B>(f: (leaf: A, others: readonly (A | null)[], path: string) => B) =>
  (first: unknown, ...rest: readonly unknown[]): unknown => {
    const visit = (x: unknown, others: readonly unknown[], path: string): unknown => {
      if (isAbsent(x)) return x;
      if (isLeaf(x)) {
        const joined = others.map((other) => leafOrNull(other, path));
        return f(x, joined, path);
      }
      if (!isBranch(x)) return notATree(path, x);
      for (const other of others) sameMembers(x, other, path);
      return rebuild(x, (member, key) => {
        const theirs = others.map((other) => memberOf(other, key));
        return visit(member, theirs, within(path, key));
      });
    };
    const leafOrNull = (other: unknown, path: string): A | null =>
      isAbsent(other) ? null : isLeaf(other) ? other : differ(path, 'a leaf', kindOf(other));
    return visit(first, rest, '');
  };

/** `x` is a branch: {@link sameMembers} has seen it. */
const memberOf = (x: unknown, key: string): unknown => (x as Readonly<Record<string, unknown>>)[key];

const present = (branch: Branch): readonly string[] =>
  Object.entries(branch).flatMap(([key, member]) => (isAbsent(member) ? [] : [key]));

const sameMembers = (x: Branch, other: unknown, path: string): void => {
  if (!isBranch(other) || Array.isArray(x) !== Array.isArray(other)) differ(path, kindOf(x), kindOf(other));
  else {
    const extra = present(other).filter((key) => !Object.hasOwn(x, key));
    const lacking = Object.keys(x).filter((key) => !Object.hasOwn(other, key));
    if (extra.length > 0 || lacking.some((key) => !isAbsent(memberOf(x, key))))
      differ(path, Object.keys(x).join(', ') || 'no members', Object.keys(other).join(', ') || 'no members');
  }
};

const differ = (path: string, expected: string, actual: string): never =>
  raise('ConfigError', {
    where: path === '' ? 'tree' : path,
    expected,
    actual,
    hint: 'trees are joined leaf by leaf: they must have the same form',
  });
