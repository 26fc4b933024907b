/**
 * Symbols bound axis by axis: each stands for one extent, and a sum waits until its terms are known. A shape that
 * begins with {@link LEADING} has any axes before the others, and those are bound as one.
 */
import { E } from '../internal/fp.js';
import { type Bindings, solveDim } from './dimExpression.js';
import { type NoisefoldError, raise, showShape } from './errors.js';

/** Any leading axes, in the words of a shape. */
export const LEADING = '...';

/** What is known of the symbols so far, and which axes could not say anything yet. */
export interface Bound {
  readonly bindings: Bindings;
  /** The extents of the leading axes, once there were some. */
  readonly leading: readonly number[] | null;
  readonly pending: readonly Axis[];
}

interface Axis {
  readonly dim: number | string;
  readonly extent: number;
  /** Of the tensor: `arg 2`. */
  readonly where: string;
  readonly shape: readonly number[];
}

export const nothingBound = (): Bound => ({ bindings: {}, leading: null, pending: [] });

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

/** The axes that had to wait, once more. */
export const settle = (bound: Bound): Bound => {
  const again = bound.pending.reduce(bindAxis, { ...bound, pending: [] });
  return again.pending.length < bound.pending.length ? settle(again) : again;
};

const bindLeading = (bound: Bound, leading: readonly number[], where: string): Bound =>
  bound.leading !== null && showShape(bound.leading) !== showShape(leading)
    ? raise('ShapeError', {
        where,
        expected: `leading axes ${showShape(bound.leading)} (bound earlier)`,
        actual: showShape(leading),
        hint: `${LEADING} stands for the same axes everywhere`,
      })
    : { ...bound, leading };

/** Binds the symbols of a shape to the extents of a tensor. Raises `ShapeError` where they do not agree. */
export const bindShape = (
  bound: Bound,
  dims: readonly (number | string)[],
  shape: readonly number[],
  where: string,
): Bound => {
  const last = dims[0] === LEADING ? dims.slice(1) : dims;
  const from = dims[0] === LEADING ? Math.max(shape.length - last.length, 0) : 0;
  if (shape.length - from !== last.length)
    raise('ShapeError', {
      where,
      expected: `rank ${last.length}${last === dims ? '' : ' or more'}, ${showShape(dims)}`,
      actual: showShape(shape),
      hint: 'reshape it first',
    });
  return last
    .map((dim, i): Axis => ({ dim, extent: shape[from + i]!, where, shape }))
    .reduce(bindAxis, last === dims ? bound : bindLeading(bound, shape.slice(0, from), where));
};
