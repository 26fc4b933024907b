/**
 * Layouts of weights: the order of the axes here and in another project, in the notation of einops (Rogozhnikov 2022).
 * A layout is data. It only moves numbers, so each direction is the exact inverse of the other.
 */
import { positive } from '../../internal/decode.js';
import { raise, showShape } from '../../internal/errors.js';
import { sizeOf } from '../../internal/numbers.js';
import { transposed } from './transpose.js';

/** Numbers on the host, dense and row-major. */
export interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * The axes of one weight in both projects. Both sides name the same axes: `{ ours: 'h w i o', theirs: 'o i h w' }`.
 * Axes in parentheses share one extent; `1` is an extent of one.
 */
export interface Layout {
  readonly ours: string;
  readonly theirs: string;
  /** The sizes of axes that do not follow from the shape: `{ part: 3, head: 4 }`. */
  readonly sizes?: Readonly<Record<string, number>>;
}

/** The layout of a weight that has the same axes on both sides. */
export const sameLayout = (rank: number): Layout => {
  const axes = Array.from({ length: rank }, (_, i) => `a${i}`).join(' ');
  return { ours: axes, theirs: axes };
};

type Axes = readonly (readonly string[])[];
type Sizes = Readonly<Record<string, number>>;
type Strides = ReadonlyMap<string, number>;

/** `[['i'], ['part', 'o']]` for `'i (part o)'`. */
const axesOf = (pattern: string): Axes =>
  Array.from(pattern.matchAll(/\(([^)]*)\)|\S+/g), ([item, group]) =>
    group === undefined ? (item === '1' ? [] : [item]) : group.split(' '),
  );

/** A name that occurs twice, or undefined. */
export const repeatedIn = (names: readonly string[]): string | undefined => {
  if (new Set(names).size === names.length) return undefined;
  return names.find((name, i) => names.indexOf(name) !== i);
};

/**
 * The error in a layout, independent of the shape: an axis that one side lacks or has twice, or a size that is not an
 * integer ≥ 1.
 */
export const layoutFault = ({
  ours,
  theirs,
  sizes = {},
}: Layout): { readonly expected: string; readonly actual: string } | undefined => {
  const [here, there] = [ours, theirs].map((pattern) => axesOf(pattern).flat()) as [string[], string[]];
  const twice = repeatedIn(here) ?? repeatedIn(there);
  if (twice !== undefined) return { expected: 'each axis once on each side', actual: `${twice} twice` };
  const lacking = [...here.filter((name) => !there.includes(name)), ...there.filter((name) => !here.includes(name))];
  if (lacking.length > 0)
    return { expected: `the axes of '${ours}' in another order`, actual: `'${theirs}', where ${lacking[0]} differs` };
  const wrong = Object.entries(sizes).find(([, size]) => !positive.is(size));
  return wrong && { expected: `an integer ≥ 1 as the size of ${wrong[0]}`, actual: `${wrong[1]}` };
};

const refuse = ({ ours, theirs }: Layout, pattern: string, shape: readonly number[]): never =>
  raise('ShapeError', {
    where: `layout ${ours} ↔ ${theirs}`,
    expected: `a shape that ${pattern} describes`,
    actual: showShape(shape),
    hint: 'give a weight of this layout',
  });

/** The size of each axis, from the shape of one side. Raises `ShapeError`. */
const sizesFrom = (layout: Layout, pattern: string, shape: readonly number[]): Sizes => {
  const axes = axesOf(pattern);
  if (axes.length !== shape.length) refuse(layout, pattern, shape);
  const sizes: Record<string, number> = { ...layout.sizes };
  axes.forEach((group, i) => {
    const open = group.filter((name) => !Object.hasOwn(sizes, name));
    const known = sizeOf(group.filter((name) => Object.hasOwn(sizes, name)).map((name) => sizes[name]!));
    const rest = shape[i]! / known;
    if (open.length > 1 || !Number.isInteger(rest) || (open.length === 0 && rest !== 1)) refuse(layout, pattern, shape);
    for (const name of open) sizes[name] = rest;
  });
  return sizes;
};

const shapeOf = (axes: Axes, sizes: Sizes): readonly number[] =>
  axes.map((group) => sizeOf(group.map((name) => sizes[name]!)));

/** The stride of each axis, in elements. */
const stridesOf = (names: readonly string[], sizes: Sizes): Strides => {
  let stride = 1;
  const strides = [...names].reverse().map((name): [string, number] => {
    const own = stride;
    stride *= sizes[name]!;
    return [name, own];
  });
  return new Map(strides);
};

/** Moves the numbers of a weight from the order of one pattern to that of another. */
const moved = (layout: Layout, from: string, to: string, { shape, data }: Weight): Weight => {
  const sizes = sizesFrom(layout, from, shape);
  const [source, target] = [axesOf(from), axesOf(to)];
  const [before, after] = [source, target].map((axes) => stridesOf(axes.flat(), sizes)) as [Strides, Strides];
  const axes = target.flat().map((name) => ({ extent: sizes[name]!, from: before.get(name)!, to: after.get(name)! }));
  const isSame = axes.every((axis) => axis.extent === 1 || axis.from === axis.to);
  return { shape: shapeOf(target, sizes), data: isSame ? data : transposed(data, axes) };
};

/**
 * Brings a weight of another project into our order. Raises `ShapeError` for a weight of another layout.
 * @example
 * const linear: Layout = { ours: 'i o', theirs: 'o i' }
 * toOurs(linear, { shape: [1, 2], data: Float32Array.of(3, 4) }) // → { shape: [2, 1], data: [3, 4] }
 */
export const toOurs = (layout: Layout, theirs: Weight): Weight => moved(layout, layout.theirs, layout.ours, theirs);

/**
 * Brings one of our weights into the order of the other project: the inverse of {@link toOurs}.
 * @example
 * const linear: Layout = { ours: 'i o', theirs: 'o i' }
 * toTheirs(linear, { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }) // → { shape: [2, 2], data: [1, 3, 2, 4] }
 */
export const toTheirs = (layout: Layout, ours: Weight): Weight => moved(layout, layout.ours, layout.theirs, ours);

/**
 * The shape that a weight of ours has in the other project.
 * @example theirShape({ ours: 'h w i o', theirs: 'o i h w' }, [3, 3, 16, 32]) // → [32, 16, 3, 3]
 */
export const theirShape = (layout: Layout, ours: readonly number[]): readonly number[] =>
  shapeOf(axesOf(layout.theirs), sizesFrom(layout, layout.ours, ours));

/** Vectors: norms, biases, frequencies. */
export const vector: Layout = { ours: 'c', theirs: 'c' };

/** Tables of embeddings, a row for each class. */
export const table: Layout = { ours: 'row c', theirs: 'row c' };

/** Kernels of convolutions: HWIO here, OIHW in PyTorch. */
export const kernel: Layout = { ours: 'h w i o', theirs: 'o i h w' };

/** Matrices: `[in, out]` here, `[out, in]` in PyTorch. */
export const matrix: Layout = { ours: 'i o', theirs: 'o i' };

/** Matrices that are one-dimensional convolutions in PyTorch. */
export const matrixAsConv1d: Layout = { ours: 'i o', theirs: 'o i 1' };

/** Matrices that are 1×1 convolutions in PyTorch. */
export const matrixAsConv2d: Layout = { ours: 'i o', theirs: 'o i 1 1' };

/** Positions of an attention pool: `[HW + 1, C]` here, `[C, HW + 1]` in CLIP and guided-diffusion. */
export const positions: Layout = { ours: 'position c', theirs: 'c position' };
