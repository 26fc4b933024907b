import { describe, expect, it } from 'vitest';
import { onHost } from '../../dsl/index.js';
import { fluxShift, timeShift } from './timeShift.js';

describe('fluxShift', () => {
  it('is e^μ with the μ of FLUX and its numbers of tokens', () => {
    // `calculate_shift` of the pipeline of FLUX: m·tokens + b, with m = (1.15 - 0.5)/(4096 - 256) and b = 0.5 - m·256
    expect(Math.log(fluxShift(256))).toBeCloseTo(0.5, 15);
    expect(Math.log(fluxShift(1024))).toBeCloseTo(0.63, 14);
    expect(Math.log(fluxShift(4096))).toBeCloseTo(1.15, 14);
    expect(Math.log(fluxShift(8192))).toBeCloseTo(1.8433333333333333, 14);
    expect(Math.log(fluxShift(50, { low: 0, high: 1, least: 0.5, most: 100.5 }))).toBeCloseTo(0.495, 14);
  });

  it('shifts times to e^μ/(e^μ + 1/t - 1)', () => {
    for (const t of [0.01, 0.25, 0.5, 0.9, 1]) {
      const s = fluxShift(2000);
      expect(onHost(timeShift(s))(t)).toBeCloseTo(s / (s + (1 / t - 1)), 14);
    }
  });

  it('refuses numbers of tokens that make no line', () => {
    expect(() => fluxShift(0)).toThrow(
      'fluxShift: expected a finite number above 0, got 0; an image of 1024×1024 pixels',
    );
    expect(() => fluxShift(4096, { most: 256 })).toThrow('fluxShift.most: expected another number than least, got 256');
  });
});
