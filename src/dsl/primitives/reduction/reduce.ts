import { type Node, node, sizeOf } from '../../graph/node.js';
import { identityOf } from '../../graph/region.js';
import { demandDType, NUMBERS } from '../dtype.js';
import { axisOf, later } from '../shape.js';
import type { Build, Primitive } from '../primitive.js';

/** Reduces over `axes`, which disappear from the shape. */
export const reduce: Build['reduce'] = (fn, x, axes) => {
  demandDType(fn, NUMBERS, x);
  const resolved = [...new Set(axes.map((axis) => axisOf(fn, x, axis)))].sort((a, b) => a - b);
  if (resolved.length === 0) return x;
  const shape = x.shape.filter((_, i) => !resolved.includes(i));
  return node('reduce', [x], { fn, axes: resolved }, shape, x.dtype);
};

/** The product of all other elements along `axes`, for each element. It does not divide, so it is right at zeros. */
const productOfOthers = (x: Node, axes: readonly number[], build: Build): Node => {
  const { reshape, transpose } = build;
  const kept = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const order = [...kept, ...axes];
  const inner = axes.reduce((n, axis) => n * x.shape[axis]!, 1);
  const moved = transpose(x, order);
  const rows = reshape(moved, [sizeOf(moved.shape.slice(0, kept.length)), inner]);
  return transpose(
    reshape(othersAlongRows(rows, build), moved.shape),
    order.map((_, axis) => order.indexOf(axis)),
  );
};

/** Computed by halves: the others of an element are its partner and the others of their product. */
const othersAlongRows = (x: Node, build: Build): Node => {
  const { concat, full, mul, pad, slice } = build;
  const [rows, n] = x.shape as readonly [number, number];
  if (n <= 1) return full(1, x.shape);
  const half = Math.ceil(n / 2);
  const low = slice(x, [0, 0], [rows, half]);
  const high = pad(slice(x, [0, half], [rows, n - half]), [0, 0], [0, 2 * half - n], [0, 0], 1);
  const others = othersAlongRows(mul(low, high), build);
  return slice(concat([mul(others, high), mul(others, low)], 1), [0, 0], [rows, n]);
};

export const reducePrimitive: Primitive<'reduce'> = {
  rebuild: ({ inputs: [x], attributes: { fn, axes } }) => reduce(fn, x!, axes),
  derivative: (y, g, build) => {
    const { broadcast, cast, div, equal, mul, reshape } = build;
    const x = y.inputs[0]!;
    const { fn, axes } = y.attributes;
    const kept = x.shape.map((d, axis) => (axes.includes(axis) ? 1 : d));
    /** Repeats along the reduced axes. */
    const spread = (reduced: Node): Node => broadcast(reshape(reduced, kept), x.shape);
    switch (fn) {
      case 'sum':
        return [spread(g)];
      case 'prod':
        return [mul(spread(g), productOfOthers(x, axes, build))];
      case 'max':
      case 'min': {
        // the elements that are equal to the extremum share its cotangent
        const hit = cast(equal(x, spread(y)), 'float32');
        return [div(mul(spread(g), hit), spread(reduce('sum', hit, axes)))];
      }
    }
  },
  vmap: ({ attributes: { fn, axes } }, [x]) => reduce(fn, x!.node, later(axes)),
  ofNothing: ({ attributes: { fn }, shape, dtype }, { full }) =>
    full(identityOf(fn, dtype === 'int32' ? 'int32' : 'float32'), shape, dtype),
  lowering: { class: 'region', written: ({ attributes: { fn, axes } }) => ({ reduce: fn, axes }) },
  simplify: (n, _, { add, reshape, zerosLike }) => {
    const x = n.inputs[0]!;
    const { fn, axes } = n.attributes;
    if (axes.some((axis) => x.shape[axis] !== 1)) return n;
    const only = reshape(x, n.shape);
    const beginsWithZero = fn === 'sum' && n.dtype === 'float32';
    return beginsWithZero ? add(only, zerosLike(only)) : only; // the sum of −0 is 0
  },
  label: ({ attributes: { fn } }) => fn,
};
