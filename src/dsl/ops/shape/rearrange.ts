/** Reshapes and transposes by names of axes, in the notation of einops (Rogozhnikov 2022). */
import { dual, startsWithOperand } from '../../../internal/dual.js';
import { hinted } from '../../../internal/decode.js';
import { raise, showShape } from '../../../internal/errors.js';
import { t } from '../../../internal/fp.js';
import { argument } from '../../../internal/schema.js';
import { refuseArgument } from '../operand.js';
import { isExtent } from '../../types/dim.js';
import type { Checked } from '../../types/checked.js';
import { extentAt, type Node } from '../../graph/node.js';
import { sizeOf } from '../../../internal/numbers.js';
import { reshape, transpose } from '../../primitives/index.js';
import type {
  CheckedPattern,
  CheckedSizes,
  FittingPattern,
  Misfit,
  Rearranged,
  SizedAxes,
  Sizes,
  Undivided,
} from '../../types/rearrangement.js';
import { type AnyTensor, type DType, nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import { entryOf } from '../../../internal/lookup.js';

// Types: one signature for each number of arguments, so that a wrong call gives one error, at the wrong argument

type Piped<P extends string, Z> = <S extends Shape, D extends DType>(
  x: Checked<Tensor<S, D>, S, Misfit<P, S, Z>, SizedAxes<P, S, Z>>,
) => Tensor<Rearranged<P, S, Z>, D>;

/** `x` of `rearrange(x, pattern)`, or the pattern of `rearrange(pattern, sizes)`. */
type FirstOfTwo<F, G> = F extends string ? CheckedPattern<F, G> : F;
type SecondOfTwo<F, G> =
  F extends Tensor<infer S, DType>
    ? G extends string
      ? FittingPattern<G, S, unknown>
      : 'a pattern, like B H W C -> B (H W) C'
    : F extends string
      ? CheckedSizes<F, G>
      : never;
type OfTwo<F, G> =
  F extends Tensor<infer S, infer D>
    ? G extends string
      ? Tensor<Rearranged<G, S, unknown>, D>
      : never
    : F extends string
      ? Piped<F, G>
      : never;

interface Rearrange {
  <const P extends string>(pattern: CheckedPattern<P, unknown>): Piped<P, unknown>;
  <const F extends AnyTensor | string, const G extends string | Sizes>(
    first: FirstOfTwo<F, G>,
    second: SecondOfTwo<F, G>,
  ): OfTwo<F, G>;
  <S extends Shape, D extends DType, const P extends string, const Z extends Sizes>(
    x: Tensor<S, D>,
    pattern: FittingPattern<P, S, Z>,
    sizes: CheckedSizes<P, Z> & Checked<unknown, S, Undivided<P, S, Z>, SizedAxes<P, S, Z>>,
  ): Tensor<Rearranged<P, S, Z>, D>;
}

// Values

const OTHERS = '...';

/** An axis of a pattern: a name, or the names in a pair of parentheses; `1` is an empty pair. */
interface Axis {
  readonly names: readonly string[];
  readonly isGroup: boolean;
}

interface Pattern {
  readonly text: string;
  readonly left: readonly Axis[];
  readonly right: readonly Axis[];
}

const namesOf = (side: readonly Axis[]): readonly string[] => side.flatMap(({ names }) => names);

const refuse = (text: string, expected: string, hint: string): never =>
  raise('ConfigError', { where: 'rearrange', expected, actual: `'${text}'`, hint });

const sideOf = (side: string, text: string): readonly Axis[] => {
  const axes: Axis[] = [];
  let open: string[] | null = null;
  for (const word of side.match(/\.\.\.|\w+|\S/g) ?? []) {
    const isName = word === OTHERS || /^[A-Za-z_]/.test(word);
    if (word === '(' && open === null) open = [];
    else if (word === ')' && open !== null) {
      axes.push({ names: open, isGroup: true });
      open = null;
    } else if (isName || word === '1') {
      const names = isName ? [word] : [];
      if (open === null) axes.push({ names, isGroup: !isName });
      else open.push(...names);
    } else refuse(text, 'names of axes, 1, ... and pairs of parentheses', `${word} is not an axis`);
  }
  return open === null ? axes : refuse(text, 'pairs of parentheses', 'close the last parenthesis');
};

const patternOf = (text: unknown): Pattern => {
  if (typeof text !== 'string')
    return refuseArgument('rearrange', 'a pattern', text, "write it like rearrange(x, 'B H W C -> B (H W) C')");
  const [before, after, ...more] = text.split('->').map((side) => sideOf(side, text));
  if (before === undefined || after === undefined || more.length > 0)
    return refuse(text, 'a pattern with one arrow', 'write it like B H W C -> B (H W) C');
  const sides = [
    ['left', namesOf(before)],
    ['right', namesOf(after)],
  ] as const;
  for (const [side, names] of sides)
    for (const name of names) {
      for (const [other, others] of sides)
        if (!others.includes(name)) refuse(text, 'the same axes on both sides', `${name} is not on the ${other}`);
      if (names.indexOf(name) !== names.lastIndexOf(name))
        refuse(text, 'each axis once on each side', `${name} appears twice on the ${side}`);
    }
  if (before.some(({ names, isGroup }) => isGroup && names.includes(OTHERS)))
    refuse(text, '... outside of parentheses on the left', 'name the axes that the parentheses hold');
  return { text, left: before, right: after };
};

type Extents = ReadonlyMap<string, number>;

/** The extents of the names in one axis. */
const partsOf = (
  names: readonly string[],
  extent: number,
  extents: Extents,
  wrong: (expected: string) => never,
): readonly (readonly [string, number])[] => {
  const open = names.filter((name) => !extents.has(name));
  const known = sizeOf(names.map((name) => extents.get(name) ?? 1));
  const axis = names.length === 1 ? names[0] : `(${names.join(' ')})`;
  const sizes = names.flatMap((name) => (extents.has(name) ? [`${name} = ${extents.get(name)}`] : []));
  const sizeText = names.length > 1 ? sizes.map((size) => `, ${size}`).join('') : '';
  if (open.length > 1) wrong(`sizes for all but one axis of ${axis}`);
  if (names.length === 0 && extent !== 1) wrong('an axis of extent 1');
  if (open.length === 0 && known !== extent) wrong(`${axis} = ${known}${sizeText}`);
  if (!Number.isInteger(extent / known)) wrong(`${axis} = a multiple of ${known}${sizeText}`);
  return names.map((name) => [name, extents.get(name) ?? extent / known]);
};

/** Gives its own name to each axis that `...` stands for. Raises `ShapeError` if the rank is wrong. */
const spelledOut = ({ text, left, right }: Pattern, shape: readonly number[]): Pattern => {
  const hasOthers = left.some(({ names }) => names.includes(OTHERS));
  const named = hasOthers ? left.length - 1 : left.length;
  if (hasOthers ? shape.length < named : shape.length !== named)
    wrongShape(text, `rank ${named}${hasOthers ? ' or more' : ''}`, showShape(shape));
  const others = shape.slice(named).map((_, i) => `${OTHERS}${i}`);
  const spell = (side: readonly Axis[]): readonly Axis[] =>
    side.flatMap(({ names, isGroup }): readonly Axis[] => {
      const all = names.flatMap((name) => (name === OTHERS ? others : [name]));
      return isGroup ? [{ names: all, isGroup }] : all.map((name) => ({ names: [name], isGroup }));
    });
  return { text, left: spell(left), right: spell(right) };
};

const wrongShape = (text: string, expected: string, actual: string): never =>
  raise('ShapeError', {
    where: `rearrange '${text}'`,
    expected,
    actual,
    hint: 'the left side of the pattern describes the tensor',
  });

const sizesPart = argument('rearrange: sizes', hinted(t.UnknownRecord, 'give { N: 4 }'));

const checkedSizes = ({ text, left }: Pattern, sizes: Sizes): Extents => {
  const names = namesOf(left).filter((name) => name !== OTHERS);
  sizesPart.demand(sizes);
  for (const [name, size] of Object.entries(sizes))
    if (!names.includes(name) || !isExtent(size))
      raise('ConfigError', {
        where: `rearrange '${text}'`,
        expected: names.includes(name) ? `an integer ≥ 0 as the size of ${name}` : `sizes of ${names.join(', ')}`,
        actual: `${name}: ${size}`,
        hint: 'give sizes for axes of the pattern',
      });
  return new Map(Object.entries(sizes));
};

const rearranged = (x: Node, text: string, sizes: Sizes): Node => {
  const pattern = patternOf(text);
  const byName = checkedSizes(pattern, sizes);
  const { left, right } = spelledOut(pattern, x.shape);
  const bound = left.flatMap(({ names }, axis) => {
    const extent = extentAt(x, axis);
    const actual = `axis ${axis} = ${extent} in ${showShape(x.shape)}`;
    return partsOf(names, extent, byName, (expected) => wrongShape(text, expected, actual));
  });
  const extents = new Map(bound);
  const split = reshape(x, [...extents.values()]);
  const permuted = transpose(split, namesOf(right).map((name) => namesOf(left).indexOf(name))); // oxfmt-ignore
  return reshape(permuted, right.map(({ names }) => sizeOf(names.map((name) => entryOf(extents, name))))); // oxfmt-ignore
};

/**
 * Splits, merges and permutes axes by name. The left side of the pattern names the axes of `x`, the right side those of the
 * result. Names in parentheses are one axis, in row-major order; `1` is an axis of extent 1; `...` is any number of axes.
 * If parentheses on the left split an axis, give the sizes of all but one of its names. Types keep literals and symbols:
 * `(H W)` of `'H'` and `'W'` is `'H*W'`, and `(N D)` of `'C'` with N = 4 gives D = `'C/4'`; a literal that is not divisible
 * gives an error message in place of D. Raises `ConfigError` for an invalid pattern or size, and `ShapeError` if the tensor
 * does not fit. Rogozhnikov 2022.
 * @example
 * const x = zeros(8, 28, 28, 64)
 * rearrange(x, 'B H W (N D) -> B N (H W) D', { N: 4 }) // : Tensor<[8, 4, 784, 16]>
 * pipe(x, rearrange('B H W C -> B (H W) C')) // : Tensor<[8, 784, 64]>
 * rearrange(x, 'B ... -> (...) B') // : Tensor<[50176, 8]>
 * rearrange(iota(6), '(A B) -> B A', { A: 2 }) // → [[0, 3], [1, 4], [2, 5]]
 */
export const rearrange: Rearrange = dual(
  'rearrange',
  [startsWithOperand, 3],
  (x: AnyTensor, pattern: string, sizes: Sizes = {}) => tensor(rearranged(nodeOf(x), pattern, sizes)),
);
