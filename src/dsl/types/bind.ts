/** Binds symbols to extents, axis by axis. A symbol has one extent; a sum waits until all terms but one are known. */
import { E } from '../../internal/fp.js';
import { type Bindings, solveDim } from './dimExpression.js';
import { type NoisefoldError, raise, showShape } from '../errors.js';

/** The extents bound so far, and the axes that wait for other symbols. */
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

/** Binds the symbols of a shape to the extents of a tensor. Raises `ShapeError` if the rank or an extent does not fit. */
export const bindShape = (
  bound: Bound,
  dims: readonly (number | string)[],
  shape: readonly number[],
  where: string,
): Bound => {
  if (shape.length !== dims.length)
    raise('ShapeError', {
      where,
      expected: `rank ${dims.length}, ${showShape(dims)}`,
      actual: showShape(shape),
      hint: 'reshape it first',
    });
  return dims.map((dim, i): Axis => ({ dim, extent: shape[i]!, where, shape })).reduce(bindAxis, bound);
};
