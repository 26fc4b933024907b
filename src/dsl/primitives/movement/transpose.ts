import { showShape } from '../../errors.js';
import { node } from '../../graph/node.js';
import { axisOf, later, wrongShape } from '../shape.js';
import type { Build, Primitive } from '../primitive.js';

/** The axes in another order: axis i of the result is axis `permutation[i]` of x. */
export const transpose: Build['transpose'] = (x, permutation) => {
  const axes = permutation.map((axis) => axisOf('transpose', x, axis));
  if (axes.length !== x.shape.length || new Set(axes).size !== axes.length)
    wrongShape(
      'transpose',
      x,
      `a permutation of ${x.shape.length} axes`,
      showShape(permutation),
      'name each axis once',
    );
  if (axes.every((axis, i) => axis === i)) return x;
  const shape = axes.map((axis) => x.shape[axis]!);
  return node('transpose', [x], { permutation: axes }, shape, x.dtype);
};

const inverse = (permutation: readonly number[]): readonly number[] =>
  permutation.map((_, axis) => permutation.indexOf(axis));

export const transposePrimitive: Primitive<'transpose'> = {
  rebuild: ({ inputs: [x], attributes: { permutation } }) => transpose(x!, permutation),
  derivative: ({ attributes: { permutation } }, g) => [transpose(g, inverse(permutation))],
  vmap: ({ attributes: { permutation } }, [x]) => transpose(x!.node, [0, ...later(permutation)]),
  ofNothing: null,
  lowering: { class: 'movement', index: ({ attributes: { permutation } }) => ({ axes: inverse(permutation) }) },
  simplify: (n) => {
    const x = n.inputs[0]!;
    if (x.op !== 'transpose') return n;
    return transpose(
      x.inputs[0]!,
      n.attributes.permutation.map((axis) => x.attributes.permutation[axis]!),
    );
  },
};
