import { describe, expect } from 'vitest';
import { fc, test } from '../../../properties/property.js';
import { jointBias, jointWeight, ORDERS, type AttentionOrder } from './attentionLayout.js';
import {
  kernel,
  type Layout,
  matrix,
  matrixAsConv1d,
  matrixAsConv2d,
  positions,
  table,
  theirShape,
  toOurs,
  toTheirs,
  vector,
  type Weight,
} from './layout.js';

const counted = (shape: readonly number[]): Weight => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
});

const extent = fc.integer({ min: 1, max: 5 });

/** Layouts, each with one of our shapes. */
const plain = fc
  .constantFrom(vector, table, kernel, matrix, matrixAsConv1d, matrixAsConv2d, positions)
  .chain((layout) => fc.tuple(...layout.ours.split(' ').map(() => extent)).map((shape) => ({ layout, shape })));

const attention = fc
  .record({
    order: fc.constantFrom(...(Object.keys(ORDERS) as AttentionOrder[])),
    heads: extent,
    channels: extent,
    inputs: extent,
    byChannels: fc.boolean(),
    isBias: fc.boolean(),
  })
  .map(({ order, heads, channels, inputs, byChannels, isBias }) => {
    const given = byChannels ? { channels } : heads;
    const outputs = 3 * heads * channels;
    return isBias
      ? { layout: jointBias(order, given), shape: [outputs] }
      : { layout: jointWeight(order, given, ' 1'), shape: [inputs, outputs] };
  });

describe('layouts', () => {
  test.prop([fc.oneof(plain, attention)])('are undone by their inverse, to the last bit', ({ layout, shape }) => {
    const ours = counted(shape);
    const theirs = toTheirs(layout, ours);
    expect(theirs.shape).toEqual(theirShape(layout, shape));
    expect(toOurs(layout, theirs)).toEqual(ours);
    expect([...theirs.data].sort((a, b) => a - b)).toEqual([...ours.data]);
  });

  test('a kernel moves from OIHW to HWIO', () => {
    const theirs = counted([2, 3, 1, 2]); // o i h w
    const { shape, data } = toOurs(kernel, theirs);
    expect(shape).toEqual([1, 2, 3, 2]);
    // [h][w][i][o] = o·6 + i·2 + w
    expect([...data]).toEqual([0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11]);
  });

  test.each<[AttentionOrder, (part: number, head: number, channel: number) => number]>([
    ['partFirst', (part, head, channel) => (part * 2 + head) * 4 + channel],
    ['headFirst', (part, head, channel) => (head * 3 + part) * 4 + channel],
    ['partLast', (part, head, channel) => (head * 4 + channel) * 3 + part],
  ])('queries, keys and values in the order %s are separated', (order, place) => {
    const { data } = toOurs(jointBias(order, 2), counted([24]));
    for (let part = 0; part < 3; part++)
      for (let head = 0; head < 2; head++)
        for (let channel = 0; channel < 4; channel++)
          expect(data[(part * 2 + head) * 4 + channel]).toBe(place(part, head, channel));
  });

  test('a weight of another layout is refused', () => {
    const wrong: readonly [Layout, readonly number[]][] = [
      [matrix, [2, 3, 1]],
      [matrixAsConv2d, [2, 3, 3, 3]],
      [jointBias('headFirst', 4), [30]],
    ];
    for (const [layout, shape] of wrong) expect(() => toOurs(layout, counted(shape))).toThrow(/expected a shape that/);
  });
});
