import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { type ConvAxis, phasesOf, type Progression } from './phases.js';

const axes: fc.Arbitrary<ConvAxis> = fc.record({
  input: fc.integer({ min: 1, max: 12 }),
  window: fc.integer({ min: 1, max: 7 }),
  output: fc.integer({ min: 1, max: 12 }),
  stride: fc.integer({ min: 1, max: 6 }),
  dilation: fc.integer({ min: 1, max: 6 }),
  inputDilation: fc.integer({ min: 1, max: 6 }),
  before: fc.integer({ min: -6, max: 6 }),
});

const members = ({ from, step, count }: Progression) => Array.from({ length: count }, (_, i) => from + i * step);

describe('phases', () => {
  test.prop([axes], { numRuns: 1000 })('read exactly the inputs that the definition reads', (axis) => {
    const actual = phasesOf(axis).flatMap(({ outputs, taps, origin, stride, dilation }) =>
      members(outputs).flatMap((o, i) =>
        members(taps).map((t, j) => `${o} ${t} ${origin + stride * i + dilation * j}`),
      ),
    );
    const expected = members({ from: 0, step: 1, count: axis.output }).flatMap((o) =>
      members({ from: 0, step: 1, count: axis.window }).flatMap((t) => {
        const place = (o * axis.stride + t * axis.dilation - axis.before) / axis.inputDilation;
        return Number.isInteger(place) ? [`${o} ${t} ${place}`] : [];
      }),
    );
    expect(actual.sort()).toEqual(expected.sort());
  });

  test.prop([axes])('contain every output once, and each tap at most once', (axis) => {
    const phases = phasesOf(axis);
    const taps = phases.flatMap((phase) => members(phase.taps));
    expect(phases.flatMap((phase) => members(phase.outputs)).sort((a, b) => a - b)).toEqual(
      members({ from: 0, step: 1, count: axis.output }),
    );
    expect(new Set(taps).size).toBe(taps.length);
  });
});
