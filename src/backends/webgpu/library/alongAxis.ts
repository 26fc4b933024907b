/** Primitives along one axis. A thread computes one line along the axis, or one element of it. */
import { sizeOf } from '../../../internal/numbers.js';
import type { View } from '../../../dsl/plan/plan.js';
import type { ElementAt, Threads } from './shader.js';

/** Lines of a dense tensor along an axis: line `i` starts at `first`; its elements are `inner` apart. */
const linesAlong = ({ shape }: View, axis: number) => {
  const [extent, inner] = [shape[axis]!, sizeOf(shape.slice(axis + 1))];
  return {
    extent,
    inner,
    lines: sizeOf(shape) / extent,
    first: `(i / ${inner}u) * ${extent * inner}u + i % ${inner}u`,
  };
};

/** `cumsum`: one thread per line adds up its elements in order, from the start or from the end. */
export const cumulativeSum = (
  [x]: readonly [View],
  output: View,
  { axis, reverse }: { readonly axis: number; readonly reverse: boolean },
  at: ElementAt,
): Threads => {
  const { extent, inner, lines, first } = linesAlong(x, axis);
  return {
    threads: lines,
    body: `
  let first = ${first};
  var sum = ${output.dtype === 'float32' ? '0.0f' : '0i'};
  for (var step = 0u; step < ${extent}u; step++) {
    let place = first + ${reverse ? `(${extent - 1}u - step)` : 'step'} * ${inner}u;
    sum += ${at(x, 'place')};
    ${at(output, 'place')} = sum;
  }`,
  };
};

/**
 * Statements that set `order`, a u32 that sorts like a number. WGSL comparisons are not required to handle infinities.
 * −0 equals 0, and NaN counts as ∞.
 */
const orderOf = ({ dtype }: View, number: string): string =>
  dtype === 'float32'
    ? `{
    var bits = bitcast<u32>(${number});
    if (bits == 0x80000000u) { bits = 0u; }
    if ((bits & 0x7fffffffu) > 0x7f800000u) { order = 0xff800000u; }
    else if (bits >= 0x80000000u) { order = ~bits; }
    else { order = bits | 0x80000000u; }
  }`
    : `order = bitcast<u32>(${number}) ^ 0x80000000u;`;

/** `argmax`: the index of the largest element, the first of equals. */
export const argmax = (
  [x]: readonly [View],
  output: View,
  { axis }: { readonly axis: number },
  at: ElementAt,
): Threads => {
  const { extent, inner, lines, first } = linesAlong(x, axis);
  return {
    threads: lines,
    body: `
  let first = ${first};
  var best = 0u;
  var most = 0u;
  for (var step = 0u; step < ${extent}u; step++) {
    var order = 0u;
    ${orderOf(x, at(x, `first + step * ${inner}u`))}
    if (order > most) {
      most = order;
      best = step;
    }
  }
  ${at(output, 'i')} = i32(best);`,
  };
};

/**
 * `topKIndices`: the indices of the k largest elements along the last axis, in descending order, the first of equals
 * first. Each thread has one element and counts the elements that precede it in that order.
 */
export const topKIndices = (
  [x]: readonly [View],
  output: View,
  { k }: { readonly k: number },
  at: ElementAt,
): Threads => {
  const extent = x.shape.at(-1)!;
  return {
    threads: sizeOf(x.shape),
    body: `
  let first = (i / ${extent}u) * ${extent}u;
  let own = i % ${extent}u;
  var order = 0u;
  ${orderOf(x, at(x, 'i'))}
  let mine = order;
  var before = 0u;
  for (var step = 0u; step < ${extent}u; step++) {
    ${orderOf(x, at(x, 'first + step'))}
    if (order > mine || (order == mine && step < own)) { before++; }
  }
  if (before < ${k}u) { ${at(output, `(i / ${extent}u) * ${k}u + before`)} = i32(own); }`,
  };
};
