/** What goes along one axis: a thread has a line, or one number of it. */
import { sizeOf } from '../../../dsl/node.js';
import type { View } from '../../../dsl/plan.js';
import type { At, Threads } from './shader.js';

/** Where along an axis the lines of a dense tensor lie: line `i` begins at `first`, and goes on in steps of `inner`. */
const linesAlong = ({ shape }: View, axis: number) => {
  const [extent, inner] = [shape[axis]!, sizeOf(shape.slice(axis + 1))];
  return {
    extent,
    inner,
    lines: sizeOf(shape) / extent,
    first: `(i / ${inner}u) * ${extent * inner}u + i % ${inner}u`,
  };
};

/** Sums up to each number, from the beginning or from the end, one after another. */
export const cumulativeSum = (
  [x]: readonly [View],
  output: View,
  { axis, reverse }: { readonly axis: number; readonly reverse: boolean },
  at: At,
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
 * A number as a u32 that is greater where the number is: WGSL's own comparisons need not know infinities.
 * −0 is 0; a NaN has a place that is given.
 */
const orderOf = ({ dtype }: View, number: string, ofNaN: string): string =>
  dtype === 'float32'
    ? `{
    var bits = bitcast<u32>(${number});
    if (bits == 0x80000000u) { bits = 0u; }
    if ((bits & 0x7fffffffu) > 0x7f800000u) { order = ${ofNaN}; }
    else if (bits >= 0x80000000u) { order = ~bits; }
    else { order = bits | 0x80000000u; }
  }`
    : `order = bitcast<u32>(${number}) ^ 0x80000000u;`;

/** The place of the greatest number, of equal ones the first. A NaN at the beginning stays, others are passed over. */
export const greatest = (
  [x]: readonly [View],
  output: View,
  { axis }: { readonly axis: number },
  at: At,
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
    ${orderOf(x, at(x, `first + step * ${inner}u`), 'select(0u, 0xffffffffu, step == 0u)')}
    if (order > most) {
      most = order;
      best = step;
    }
  }
  ${at(output, 'i')} = i32(best);`,
  };
};

/** ∞ in the order of numbers, where NaN stands too. */
const INFINITY = '0xff800000u';

/**
 * The places of the k greatest along the last axis, falling, of equal ones the first. A thread has one number, and
 * counts those before it: its place in the order.
 */
export const greatestFew = (
  [x]: readonly [View],
  output: View,
  { k }: { readonly k: number },
  at: At,
): Threads => {
  const extent = x.shape.at(-1)!;
  return {
    threads: sizeOf(x.shape),
    body: `
  let first = (i / ${extent}u) * ${extent}u;
  let own = i % ${extent}u;
  var order = 0u;
  ${orderOf(x, at(x, 'i'), INFINITY)}
  let mine = order;
  var before = 0u;
  for (var step = 0u; step < ${extent}u; step++) {
    ${orderOf(x, at(x, 'first + step'), INFINITY)}
    if (order > mine || (order == mine && step < own)) { before++; }
  }
  if (before < ${k}u) { ${at(output, `(i / ${extent}u) * ${k}u + before`)} = i32(own); }`,
  };
};
