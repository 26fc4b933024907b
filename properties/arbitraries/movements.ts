/** Movements with random attributes, for tensors of any shape. */
import type { Node } from '../../src/dsl/graph/node.js';
import { sizeOf } from '../../src/internal/numbers.js';
import * as p from '../../src/dsl/primitives/index.js';
import type { Choices } from './choices.js';

/** The maximum number of axes of a tensor, a limit of the kernels of tfjs. */
const MOST_AXES = 6;

const axesOf = (x: Node): readonly number[] => x.shape.map((_, axis) => axis);

/** Some of the axes; none in the simplest case. */
export const someAxes = (c: Choices, x: Node): readonly number[] => axesOf(x).filter(() => c.nat(2) === 1);

/** The prime factors of a number; none for 0. */
const primesOf = (n: number): readonly number[] => {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return [d, ...primesOf(n / d)];
  return n > 1 ? [n] : [];
};

/** A shape of a given rank and size. */
export const shapeOfSize = (c: Choices, size: number, rank: number): readonly number[] => {
  const shape = Array.from({ length: rank }, () => 1);
  if (size === 0) shape[c.nat(rank)] = 0;
  for (const prime of primesOf(size)) shape[c.nat(rank)]! *= prime;
  return shape;
};

export const reshaped = (c: Choices, x: Node): Node => {
  const size = sizeOf(x.shape);
  const rank = c.nat(5) || (size === 1 ? 0 : 1);
  return p.reshape(x, shapeOfSize(c, size, rank));
};

export const transposed = (c: Choices, x: Node): Node => {
  const left = [...axesOf(x)];
  return p.transpose(
    x,
    axesOf(x).map(() => left.splice(left.length - 1 - c.nat(left.length), 1)[0]!),
  );
};

/** Repeats axes of extent 1, after inserting one, unless the number of axes is already the maximum. */
export const broadcasted = (c: Choices, x: Node): Node => {
  const at = c.nat(x.shape.length + 1);
  const operand = x.shape.length < MOST_AXES ? p.expandDims(x, [at]) : x;
  return p.broadcast(
    operand,
    operand.shape.map((d, axis) => (d !== 1 ? d : axis === at ? 2 + c.nat(2) : 1 + c.nat(2))),
  );
};

export const sliced = (c: Choices, x: Node): Node => {
  const boxes = x.shape.map((d) => {
    const start = c.nat(d);
    const stride = 1 + c.nat(3);
    const most = Math.ceil((d - start) / stride);
    return { start, stride, size: most - c.nat(most) };
  });
  return p.slice(
    x,
    boxes.map(({ start }) => start),
    boxes.map(({ size }) => size),
    boxes.map(({ stride }) => stride),
  );
};

export const flipped = (c: Choices, x: Node): Node => {
  const first = c.nat(Math.max(1, x.shape.length));
  return p.flip(
    x,
    axesOf(x).filter((axis) => axis === first || c.nat(3) === 1),
  );
};

export const padded = (c: Choices, x: Node): Node => {
  const some = (): readonly number[] => x.shape.map(() => c.nat(3));
  const value = x.dtype === 'bool' ? c.nat(2) : c.of([0, 1, -3]);
  return p.pad(x, some(), some(), some(), value);
};

/** The elements of `x`, repeated in order, in another shape; ones if it has no elements. */
export const fit = (x: Node, shape: readonly number[]): Node => {
  const [has, needs] = [sizeOf(x.shape), sizeOf(shape)];
  if (has === 1)
    return p.broadcast(
      p.reshape(
        x,
        shape.map(() => 1),
      ),
      shape,
    );
  if (has === 0) return needs === 0 ? p.reshape(x, shape) : p.full(1, shape, x.dtype);
  const flat = p.reshape(x, [has]);
  const enough = p.concat(
    Array.from({ length: Math.max(1, Math.ceil(needs / has)) }, () => flat),
    0,
  );
  return p.reshape(p.slice(enough, [0], [needs]), shape);
};

/** Joins two tensors along an axis whose extents may differ. */
export const join = (c: Choices, a: Node, b: Node): Node => {
  if (a.shape.length === 0) return p.concat([p.expandDims(a, [0]), p.expandDims(fit(b, []), [0])], 0);
  const axis = c.nat(a.shape.length);
  const fits = b.shape.length === a.shape.length && b.shape.every((d, i) => i === axis || d === a.shape[i]);
  const other = fits
    ? b
    : fit(
        b,
        a.shape.map((d, i) => (i === axis ? 1 + c.nat(3) : d)),
      );
  return p.concat(c.nat(3) === 1 ? [a, other, a] : [a, other], axis);
};
