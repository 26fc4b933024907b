/**
 * Trees: nested plain records and arrays with leaves of one kind, such as parameters, optimizer states, and the inputs and
 * outputs of a program. Members that are `undefined` or `null` (an optional parameter, the missing gradient of an integer)
 * are not leaves; they are kept.
 */
import { dual, type Dual } from '../../internal/dual.js';
import { raise } from '../../internal/errors.js';

/** A leaf and its path: `down.0.conv1.kernel`. The path is empty if the tree is one leaf. */
export interface Leaf<A> {
  readonly path: string;
  readonly leaf: A;
}

type IsLeaf<A> = (x: unknown) => x is A;
type Branch = Readonly<Record<string, unknown>> | readonly unknown[];

export const isAbsent = (x: unknown): x is undefined | null => x === undefined || x === null;

export const isBranch = (x: unknown): x is Branch => {
  if (Array.isArray(x)) return true;
  if (typeof x !== 'object' || x === null) return false;
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
};

const refuse = (path: string, expected: string, actual: string, hint: string): never =>
  raise('ConfigError', { where: path === '' ? 'tree' : path, expected, actual, hint });

/** The path of a member. Paths are unique because names are not empty and have no dot. */
const within = (path: string, key: string): string => {
  if (key === '' || key.includes('.'))
    refuse(path, 'a name of at least one letter, without a dot', `'${key}'`, "write 'a.b' as { a: { b: … } }");
  return path === '' ? key : `${path}.${key}`;
};

/** The kind of a value, for messages: `Array`, `Float32Array`, `number 3`, `a function`. */
export const kindOf = (x: unknown): string => {
  if (x === undefined) return 'nothing';
  if (typeof x === 'function') return 'a function';
  return typeof x === 'object' && x !== null ? (x.constructor?.name ?? 'an object') : `${typeof x} ${String(x)}`;
};

const notATree = (path: string, x: unknown): never => {
  const hint = 'trees are plain records and arrays: convert other objects first';
  return refuse(path, 'a leaf, or a plain record or array of leaves', kindOf(x), hint);
};

/** The greatest depth of a tree, far below that of the call stack. */
const MOST_LEVELS = 256;

const tooDeep = (path: string): never =>
  refuse(
    '',
    `a tree of at most ${MOST_LEVELS} levels`,
    `more, at ${path.slice(0, 40)}…`,
    'does an object contain itself?',
  );

const rebuild = (branch: Branch, f: (member: unknown, key: string) => unknown): unknown =>
  Array.isArray(branch)
    ? branch.map((member, i) => f(member, `${i}`))
    : Object.fromEntries(Object.entries(branch).map(([key, member]) => [key, f(member, key)]));

const memberOf = (x: unknown, key: string): unknown =>
  typeof x === 'object' && x !== null ? (x as Readonly<Record<string, unknown>>)[key] : undefined;

/**
 * Reads the member of trees at a path such as `down.0.conv`, or the tree itself for the empty path; undefined if it is
 * missing.
 */
export const memberReader = (path: string): ((tree: unknown) => unknown) => {
  const names = path === '' ? [] : path.split('.');
  return (tree) => names.reduce(memberOf, tree);
};

/** The member of a tree at a path: see {@link memberReader}. */
export const memberAt = (tree: unknown, path: string): unknown => memberReader(path)(tree);

const differ = (path: string, expected: string, actual: string): never =>
  refuse(path, expected, actual, 'give trees of the same structure');

const namesOf = (branch: Branch): string => Object.keys(branch).join(', ') || 'no members';

const hasOthers = (branch: Branch, known: Branch): boolean =>
  Object.entries(branch).some(([key, member]) => !isAbsent(member) && !Object.hasOwn(known, key));

const sameMembers = (x: Branch, other: unknown, path: string): void => {
  if (!isBranch(other) || Array.isArray(x) !== Array.isArray(other)) differ(path, kindOf(x), kindOf(other));
  else if (hasOthers(x, other) || hasOthers(other, x)) differ(path, namesOf(x), namesOf(other));
};

/** Trees with the structure of the first one. */
export type Trees = readonly [first: unknown, ...others: readonly unknown[]];
type JoinLeaves<A, B> = (leaf: A, others: readonly (A | null)[], path: string) => B;

/**
 * Combines trees leaf by leaf. At each leaf of the first tree, another tree may have a leaf or none; without a leaf,
 * `f` gets null. Raises `ConfigError`, with the path, if the structures differ.
 * @example
 * const isNumber = (x: unknown) => typeof x === 'number'
 * const trees = [{ x: 1, y: 2 }, { x: 10, y: null }] as const
 * zipLeaves(trees, isNumber, (a, [b]) => a + (b ?? 0)) // → { x: 11, y: 2 }
 */
export const zipLeaves: Dual<
  <A, B>(trees: Trees, isLeaf: IsLeaf<A>, f: JoinLeaves<A, B>) => unknown,
  <A, B>(isLeaf: IsLeaf<A>, f: JoinLeaves<A, B>) => (trees: Trees) => unknown
> = dual('zipLeaves', 3, <A, B>([tree, ...trees]: Trees, isLeaf: IsLeaf<A>, f: JoinLeaves<A, B>): unknown => {
  const leafOrNull = (other: unknown, path: string): A | null =>
    isAbsent(other) ? null : isLeaf(other) ? other : differ(path, 'a leaf', kindOf(other));
  const visit = (x: unknown, others: readonly unknown[], path: string, level: number): unknown => {
    if (isAbsent(x)) return x;
    if (isLeaf(x)) return f(x, others.map((other) => leafOrNull(other, path)), path); // oxfmt-ignore
    if (!isBranch(x)) return notATree(path, x);
    if (level === MOST_LEVELS) return tooDeep(path);
    for (const other of others) sameMembers(x, other, path);
    return rebuild(x, (member, key) => {
      const members = others.map((other) => memberOf(other, key));
      return visit(member, members, within(path, key), level + 1);
    });
  };
  return visit(tree, trees, '', 0);
});

/**
 * Applies a function to each leaf of a tree. The result has the same structure. Raises `ConfigError` for a member that is
 * neither a leaf nor a tree.
 * @example
 * const isNumber = (x: unknown) => typeof x === 'number'
 * mapLeaves({ a: 1, b: [2] }, isNumber, (n, path) => `${path} = ${n}`) // → { a: 'a = 1', b: ['b.0 = 2'] }
 */
export const mapLeaves: Dual<
  <A, B>(tree: unknown, isLeaf: IsLeaf<A>, f: (leaf: A, path: string) => B) => unknown,
  <A, B>(isLeaf: IsLeaf<A>, f: (leaf: A, path: string) => B) => (tree: unknown) => unknown
> = dual('mapLeaves', 3, <A, B>(tree: unknown, isLeaf: IsLeaf<A>, f: (leaf: A, path: string) => B) =>
  zipLeaves([tree], isLeaf, (leaf, _, path) => f(leaf, path)),
);

/** Replaces the leaves of a tree by others, given in its order. */
export const withLeaves = (tree: unknown, isLeaf: IsLeaf<unknown>, others: readonly unknown[]): unknown => {
  let next = 0;
  return mapLeaves(tree, isLeaf, () => others[next++]);
};

/**
 * Lists the leaves of a tree in insertion order. Raises `ConfigError` for a member that is neither a leaf nor a tree.
 * @example
 * const isNumber = (x: unknown) => typeof x === 'number'
 * leaves({ a: 1, b: [2] }, isNumber) // → [{ path: 'a', leaf: 1 }, { path: 'b.0', leaf: 2 }]
 */
export const leaves: Dual<
  <A>(tree: unknown, isLeaf: IsLeaf<A>) => readonly Leaf<A>[],
  <A>(isLeaf: IsLeaf<A>) => (tree: unknown) => readonly Leaf<A>[]
> = dual('leaves', 2, <A>(tree: unknown, isLeaf: IsLeaf<A>): readonly Leaf<A>[] => {
  const list: Leaf<A>[] = [];
  mapLeaves(tree, isLeaf, (leaf, path) => list.push({ path, leaf }));
  return list;
});
