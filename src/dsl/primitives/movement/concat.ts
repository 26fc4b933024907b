import { raise, showShape } from '../../errors.js';
import { node, type NodeOf, sizeOf } from '../../graph/node.js';
import { wrongDType } from '../dtype.js';
import { axisOf, wrongShape } from '../shape.js';
import type { Build, Piece, Primitive } from '../primitive.js';

/** Joins nodes along an axis; all other axes agree. */
export const concat: Build['concat'] = (parts, axis) => {
  const first =
    parts[0] ??
    raise('ShapeError', {
      where: 'concat',
      expected: 'at least one tensor',
      actual: 'none',
      hint: 'pass the tensors to join',
    });
  const along = axisOf('concat', first, axis);
  for (const part of parts) {
    if (part.shape.length !== first.shape.length || part.shape.some((d, i) => i !== along && d !== first.shape[i]))
      wrongShape(
        'concat',
        part,
        `${showShape(first.shape)} but for axis ${along}`,
        showShape(part.shape),
        'all other axes must agree',
      );
    if (part.dtype !== first.dtype) wrongDType('concat', part, first.dtype);
  }
  if (parts.length === 1) return first;
  const shape = first.shape.map((d, i) => (i === along ? parts.reduce((sum, p) => sum + p.shape[i]!, 0) : d));
  return node('concat', parts, { axis: along }, shape, first.dtype);
};

/** The parts, one after another. */
const pieces = ({ inputs, shape, attributes: { axis } }: NodeOf<'concat'>): readonly Piece[] => {
  let before = 0;
  return inputs.map((operand) => {
    const start = shape.map((_, a) => (a === axis ? before : 0));
    before += operand.shape[axis]!;
    return { operand, start, steps: shape.map(() => 1) };
  });
};

export const concatPrimitive: Primitive<'concat'> = {
  rebuild: ({ inputs, attributes: { axis } }) => concat(inputs, axis),
  derivative: (n, g, { slice }) => pieces(n).map(({ operand, start }) => slice(g, start, operand.shape)),
  vmap: ({ attributes: { axis } }, parts, extent, { spread }) =>
    concat(parts.map((part) => spread(part, extent)), axis + 1), // prettier-ignore
  ofNothing: ({ inputs, attributes: { axis } }) =>
    concat(inputs.filter(({ shape }) => sizeOf(shape) > 0), axis), // prettier-ignore
  lowering: { class: 'region', written: (n) => ({ reduce: null, background: null, pieces: pieces(n) }) },
};
