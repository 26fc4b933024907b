import type { Node } from '../../graph/node.js';
import { sizeOf } from '../../../internal/numbers.js';
import { identityOf } from '../../graph/region.js';
import type { Numbers } from '../checks.js';
import { add, cast, div, equal, mul } from '../elementwise.js';
import { broadcast, concat, full, pad, reshape, slice, transpose, zerosLike } from '../movement.js';
import type { Rules } from '../primitive.js';
import { argmax, cumsum, reduce, topKIndices } from '../reduction.js';
import { inverse, plusOne } from './movement.js';

/** The product of all other elements along `axes`, for each element. It does not divide, so it is correct for zeros. */
const productOfOthers = (x: Node, axes: Numbers): Node => {
  const rest = [...x.shape.keys()].filter((axis) => !axes.includes(axis));
  const order = [...rest, ...axes];
  const moved = transpose(x, order);
  const [rows, inner] = [moved.shape.slice(0, rest.length), moved.shape.slice(rest.length)].map(sizeOf);
  const others = reshape(othersAlongRows(reshape(moved, [rows!, inner!])), moved.shape);
  return transpose(others, inverse(order));
};

/** Computed recursively by halves: the product for an element is its partner times the product for their pair. */
const othersAlongRows = (x: Node): Node => {
  const [rows, n] = x.shape as readonly [number, number];
  if (n <= 1) return full(1, x.shape);
  const half = Math.ceil(n / 2);
  const low = slice(x, [0, 0], [rows, half]);
  const high = pad(slice(x, [0, half], [rows, n - half]), [0, 0], [0, 2 * half - n], [0, 0], 1);
  const others = othersAlongRows(mul(low, high));
  return slice(concat([mul(others, high), mul(others, low)], 1), [0, 0], [rows, n]);
};

export const reductionRules: Rules<'reduce' | 'cumsum' | 'argmax' | 'topKIndices'> = {
  reduce: {
    rebuild: ({ inputs: [x], attributes: { fn, axes } }) => reduce(fn, x, axes),
    derivative: (y, g) => {
      const x = y.inputs[0];
      const { fn, axes } = y.attributes;
      const withOnes = x.shape.map((d, axis) => (axes.includes(axis) ? 1 : d));
      /** Broadcasts along the reduced axes. */
      const repeated = (reduced: Node): Node => broadcast(reshape(reduced, withOnes), x.shape);
      if (fn === 'sum') return [repeated(g)];
      if (fn === 'prod') return [mul(repeated(g), productOfOthers(x, axes))];
      // the elements that are equal to the extremum share its cotangent
      const hit = cast(equal(x, repeated(y)), 'float32');
      return [div(mul(repeated(g), hit), repeated(reduce('sum', hit, axes)))];
    },
    vmap: ({ attributes: { fn, axes } }, [x]) => reduce(fn, x.node, plusOne(axes)),
    ofNothing: ({ attributes: { fn }, shape, dtype }) =>
      full(identityOf(fn, dtype === 'int32' ? 'int32' : 'float32'), shape, dtype),
    lowering: { class: 'region', write: ({ attributes: { fn, axes } }) => ({ reduce: fn, axes }) },
    simplify: (n) => {
      const x = n.inputs[0];
      const { fn, axes } = n.attributes;
      if (axes.some((axis) => x.shape[axis] !== 1)) return n;
      const only = reshape(x, n.shape);
      const beginsWithZero = fn === 'sum' && n.dtype === 'float32';
      return beginsWithZero ? add(only, zerosLike(only)) : only; // a sum begins at 0, and 0 + −0 is 0
    },
    label: ({ attributes: { fn } }) => fn,
  },
  cumsum: {
    rebuild: ({ inputs: [x], attributes: { axis, reverse } }) => cumsum(x, axis, reverse),
    derivative: ({ attributes: { axis, reverse } }, g) => [cumsum(g, axis, !reverse)],
    vmap: ({ attributes: { axis, reverse } }, [x]) => cumsum(x.node, axis + 1, reverse),
    lowering: { class: 'library' },
  },
  argmax: {
    rebuild: ({ inputs: [x], attributes: { axis } }) => argmax(x, axis),
    derivative: null,
    vmap: ({ attributes: { axis } }, [x]) => argmax(x.node, axis + 1),
    lowering: { class: 'library' },
  },
  topKIndices: {
    rebuild: ({ inputs: [x], attributes: { k } }) => topKIndices(x, k),
    derivative: null,
    vmap: ({ attributes: { k } }, [x]) => topKIndices(x.node, k),
    lowering: { class: 'library' },
  },
};
