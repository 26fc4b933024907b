/** Shapes that operands must have, and their axes. */
import { raise, showShape } from '../errors.js';
import { type Node, whereOf } from '../graph/node.js';
import { wrongDType } from './dtype.js';

export const wrongShape = (op: string, n: Node, expected: string, actual: string, hint: string): never =>
  raise('ShapeError', { where: whereOf(op, [n]), expected, actual, hint });

export const isSameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);

/** Demands equal shapes; raises `ShapeError`. */
export const demandSameShape = (op: string, a: Node, b: Node): void => {
  if (!isSameShape(a.shape, b.shape))
    wrongShape(
      op,
      a,
      `equal shapes, ${showShape(a.shape)}`,
      showShape(b.shape),
      'broadcasting is explicit: use broadcastTo, expandDims or reshape',
    );
};

/** Demands equal shapes and dtypes; raises `ShapeError` or `DTypeError`. */
export const demandAlike = (op: string, a: Node, b: Node): void => {
  demandSameShape(op, a, b);
  if (a.dtype !== b.dtype) wrongDType(op, b, `two operands of ${a.dtype}`);
};

/** Counts a negative axis from the end. Raises `ShapeError` for an axis that `x` does not have. */
export const axisOf = (op: string, x: Node, axis: number): number => {
  const resolved = axis < 0 ? axis + x.shape.length : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= x.shape.length)
    wrongShape(
      op,
      x,
      `an axis of ${showShape(x.shape)}`,
      `${axis}`,
      `give an integer from ${-x.shape.length} to ${x.shape.length - 1}`,
    );
  return resolved;
};

/** The axes of one example as axes of a batch. */
export const later = (axes: readonly number[]): readonly number[] => axes.map((axis) => axis + 1);
