import * as fc from 'fast-check';
import type { ConvAttributes } from '../../src/dsl/graph/node.js';

/** A convolution with all its attributes, whose output has at least one element. */
export interface ConvolutionCase {
  readonly image: readonly [number, number, number, number];
  readonly kernel: readonly [number, number, number, number];
  readonly attributes: ConvAttributes;
}

interface Axis {
  readonly extent: number;
  readonly kernel: number;
  readonly stride: number;
  readonly lhsDilation: number;
  readonly rhsDilation: number;
  readonly low: number;
  readonly high: number;
}

const small = fc.constantFrom(1, 1, 2, 3);
const axis: fc.Arbitrary<Axis> = fc
  .record({
    extent: fc.integer({ min: 1, max: 7 }),
    kernel: fc.integer({ min: 1, max: 3 }),
    stride: small,
    lhsDilation: small,
    rhsDilation: small,
    low: fc.integer({ min: -2, max: 3 }),
    high: fc.integer({ min: -2, max: 3 }),
  })
  .map((a) => {
    // enough padding for the kernel to fit once
    const image = (a.extent - 1) * a.lhsDilation + 1;
    const missing = (a.kernel - 1) * a.rhsDilation + 1 - (image + a.low + a.high);
    return { ...a, high: a.high + Math.max(0, missing) };
  });

/** `grouped` allows groups and batch groups, one of the two at a time. */
export const convolutionCase = (grouped = true): fc.Arbitrary<ConvolutionCase> =>
  fc
    .record({
      y: axis,
      x: axis,
      batch: fc.integer({ min: 1, max: 3 }),
      channels: fc.integer({ min: 1, max: 5 }),
      features: fc.integer({ min: 1, max: 5 }),
      groups: grouped ? fc.constantFrom([1, 1], [1, 1], [2, 1], [1, 3]) : fc.constant([1, 1]),
    })
    .map(({ y, x, batch, channels, features, groups: [groups = 1, batchGroups = 1] }) => ({
      image: [batch * batchGroups, y.extent, x.extent, channels * groups],
      kernel: [y.kernel, x.kernel, channels, features * groups * batchGroups],
      attributes: {
        strides: [y.stride, x.stride],
        padding: [
          [y.low, y.high],
          [x.low, x.high],
        ],
        lhsDilation: [y.lhsDilation, x.lhsDilation],
        rhsDilation: [y.rhsDilation, x.rhsDilation],
        groups,
        batchGroups,
      },
    }));
