/** Evaluates and solves expressions of extents at run time, `'H/2'`, `'2*C'`, `'C+D'`, and binds their symbols to extents. */
import { E, type either } from '../../internal/fp.js';
import { attempt, fail, type NoisefoldError, raise, refuseShape, showShape } from '../../internal/errors.js';
import { type Dim, isExtent } from './dim.js';

/** The extent of each symbol: `{ B: 32, H: 28 }`. */
export type Bindings = Readonly<Record<string, number>>;

/** A literal, a symbol, or an operation. */
type Expression = number | string | { readonly sign: string; readonly left: Expression; readonly right: Expression };

/** An expression and the words after it; null if there is a syntax error. */
type Parsed = readonly [Expression, readonly string[]] | null;

const operations =
  (signs: readonly string[], operand: (words: readonly string[]) => Parsed) =>
  (words: readonly string[]): Parsed => {
    let parsed = operand(words);
    while (parsed !== null && signs.includes(parsed[1][0] ?? '')) {
      const [left, [sign, ...rest]] = parsed;
      const next = operand(rest);
      parsed = next && [{ sign: sign!, left, right: next[0] }, next[1]];
    }
    return parsed;
  };

const atom = ([word, ...rest]: readonly string[]): Parsed => {
  if (word === undefined) return null;
  if (word === '(') {
    const inner = sum(rest);
    return inner !== null && inner[1][0] === ')' ? [inner[0], inner[1].slice(1)] : null;
  }
  if (/^\d/.test(word)) return [Number(word), rest];
  return /^[A-Za-z_]/.test(word) ? [word, rest] : null;
};
const product = operations(['*', '/'], atom);
const sum = operations(['+'], product);

/** The greatest number of words of an expression, which keeps its depth far below that of the call stack. */
const MOST_WORDS = 500;

const parse = (dim: string): Expression => {
  const words = dim.match(/\d+(?!\w)|[A-Za-z_]\w*|\S/g) ?? [];
  if (words.length > MOST_WORDS)
    return raise('ShapeError', {
      where: `dim '${dim.slice(0, 40)}…'`,
      expected: `an expression of at most ${MOST_WORDS} names, numbers and signs`,
      actual: `${words.length}`,
      hint: 'give the extent a symbol of its own',
    });
  const parsed = sum(words);
  return parsed !== null && parsed[1].length === 0
    ? parsed[0]
    : raise('ShapeError', {
        where: `dim '${dim}'`,
        expected: "an extent, a symbol, or an expression like 'H/2', '2*C', '(C+D)/2'",
        actual: `'${dim}'`,
        hint: 'extents are integers ≥ 0; symbols begin with a letter',
      });
};

const namesIn = (e: Expression): readonly string[] => {
  if (typeof e === 'object') return [...namesIn(e.left), ...namesIn(e.right)];
  return typeof e === 'string' ? [e] : [];
};

const boundOf = (bindings: Bindings, names: readonly string[] = Object.keys(bindings)): string =>
  names.map((name) => `${name} = ${bindings[name]}`).join(', ');

/** Returns an extent; raises `ShapeError` for other numbers. */
const checked = (where: string, extent: number, actual: string): number =>
  isExtent(extent)
    ? extent
    : raise('ShapeError', { where, expected: 'an integer ≥ 0', actual, hint: 'extents count elements' });

const evaluate = (dim: string, whole: Expression, bindings: Bindings): number => {
  const where = `dim '${dim}'`;
  const visit = (e: Expression): number => {
    if (typeof e === 'number') return e;
    if (typeof e === 'string') {
      const bound = Object.hasOwn(bindings, e) ? bindings[e] : undefined;
      if (bound !== undefined) return checked(where, bound, `${e} = ${bound}`);
      const actual = boundOf(bindings) || 'no symbol bound';
      return raise('UnknownDim', { where, expected: `an extent for ${e}`, actual, hint: `bind ${e} too` });
    }
    const [left, right] = [visit(e.left), visit(e.right)];
    if (e.sign === '+') return left + right;
    if (e.sign === '*') return left * right;
    return Number.isInteger(left / right)
      ? left / right
      : raise('ShapeError', {
          where,
          expected: `${dim} of a number that ${right} divides`,
          actual: `${left}, with ${boundOf(bindings, [...new Set(namesIn(whole))]) || 'no symbols'}`,
          hint: 'choose an extent that is divisible',
        });
  };
  return visit(whole);
};

/**
 * Evaluates a dim at bindings of its symbols. Returns a `ShapeError` for an invalid dim or binding, or if a division
 * has a remainder (`'H/2'` at H = 7), and an `UnknownDim` for a symbol without a binding.
 */
export const evaluateDim = (dim: Dim, bindings: Bindings): either.Either<NoisefoldError, number> =>
  attempt(() => (typeof dim === 'string' ? evaluate(dim, parse(dim), bindings) : checked('dim', dim, `${dim}`)));

/**
 * Lists the symbols of a dim in the order of their first use. Returns a `ShapeError` for an invalid dim.
 * @example symbolsIn('(C+D)/2') // right(['C', 'D'])
 */
export const symbolsIn = (dim: Dim): either.Either<NoisefoldError, readonly string[]> =>
  typeof dim === 'number' ? E.map(() => [])(evaluateDim(dim, {})) : attempt(() => [...new Set(namesIn(parse(dim)))]);

const unfit = (dim: Dim, extent: number, expected: string, hint: string): either.Either<NoisefoldError, never> =>
  fail('ShapeError', { where: `dim '${dim}'`, expected, actual: `${extent}`, hint });

/**
 * Extends the bindings such that a dim has the given extent: `2*C` at 128 binds C to 64. Null if two symbols are
 * unbound (`'C+D'`). Returns a `ShapeError` if the dim has another extent, or if a symbol would be a fraction.
 * @example solveDim('2*C', 128, {}) // right({ C: 64 })
 */
export const solveDim = (
  dim: Dim,
  extent: number,
  bindings: Bindings,
): either.Either<NoisefoldError, Bindings | null> => {
  const known = evaluateDim(dim, bindings);
  if (E.isRight(known)) {
    const expected = `${dim} = ${known.right}${typeof dim === 'number' ? '' : ' (bound earlier)'}`;
    return known.right === extent ? E.right(bindings) : unfit(dim, extent, expected, 'a symbol stands for one extent');
  }
  if (typeof dim === 'number' || known.left._tag !== 'UnknownDim') return known;
  return solve(dim, parse(dim), extent, bindings); // `known` has parsed it, so `parse` does not raise
};

const solve = (
  dim: string,
  e: Expression,
  extent: number,
  bindings: Bindings,
): either.Either<NoisefoldError, Bindings | null> => {
  if (!isExtent(extent))
    return unfit(dim, extent, 'an extent that gives its symbol an integer ≥ 0', 'choose an extent that is divisible');
  if (typeof e === 'string') return E.right({ ...bindings, [e]: extent });
  if (typeof e === 'number') return E.right(null);
  const evaluated = (side: Expression) => attempt(() => evaluate(dim, side, bindings));
  const [left, right] = [evaluated(e.left), evaluated(e.right)];
  for (const side of [left, right]) if (E.isLeft(side) && side.left._tag !== 'UnknownDim') return side;
  const { sign } = e;
  const without = (known: number): number =>
    sign === '+' ? extent - known : sign === '*' ? extent / known : extent * known;
  if (E.isRight(right)) return solve(dim, e.left, without(right.right), bindings);
  if (E.isRight(left) && sign !== '/') return solve(dim, e.right, without(left.right), bindings);
  return E.right(null);
};

/** The extents of the symbols that are bound, and the axes that wait for other symbols. */
export interface Bound {
  readonly bindings: Bindings;
  readonly pending: readonly Axis[];
}

interface Axis {
  readonly dim: number | string;
  readonly extent: number;
  /** The name of the tensor in errors. */
  readonly where: string;
  readonly shape: readonly number[];
}

export const nothingBound = (): Bound => ({ bindings: {}, pending: [] });

const mismatch = ({ dim, where, shape }: Axis, error: NoisefoldError): never =>
  raise('ShapeError', {
    where,
    expected:
      typeof dim === 'number'
        ? `an axis of ${dim}`
        : error.expected.startsWith('an ')
          ? `an axis that is ${dim}: ${error.expected}`
          : `axis ${error.expected}`,
    actual: `${error.actual} in ${showShape(shape)}`,
    hint: typeof dim === 'number' ? 'the extent is a literal' : error.hint,
  });

const bindAxis = (bound: Bound, axis: Axis): Bound => {
  const solved = E.getOrElseW((error: NoisefoldError) => mismatch(axis, error))(
    solveDim(axis.dim, axis.extent, bound.bindings),
  );
  return solved === null ? { ...bound, pending: [...bound.pending, axis] } : { ...bound, bindings: solved };
};

/** Retries the pending axes until none of them can be bound. */
export const settle = (bound: Bound): Bound => {
  const again = bound.pending.reduce(bindAxis, { ...bound, pending: [] });
  return again.pending.length < bound.pending.length ? settle(again) : again;
};

/**
 * Binds the symbols of a shape to the extents of a tensor. Raises `ShapeError` if the rank or an extent does not match.
 */
export const bindShape = (
  bound: Bound,
  dims: readonly (number | string)[],
  shape: readonly number[],
  where: string,
): Bound => {
  if (shape.length !== dims.length)
    refuseShape(where, `rank ${dims.length}, ${showShape(dims)}`, shape, 'reshape it first');
  return dims.map((dim, i): Axis => ({ dim, extent: shape[i]!, where, shape })).reduce(bindAxis, bound);
};
