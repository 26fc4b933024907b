import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { bar, clock, line, noPace, paced, type Progress } from './progress.js';

const halfway: Progress = {
  phase: 'training',
  done: 380,
  of: 760,
  loss: 0.123456,
  heldOut: 0.2,
  imagesPerSecond: 411.6,
  secondsLeft: 62,
};

describe('progress', () => {
  test('a line for a log', () => {
    expect(line(halfway)).toBe('training  380/760  loss 0.1235  held out 0.2000  412 images/s  1:02 left');
    expect(line({ phase: 'sampling', done: 5, of: 100, secondsLeft: Number.NaN })).toBe('sampling    5/100');
  });

  test('a bar that is half full', () => {
    expect(bar(200)(halfway)).toBe(
      `training ▕${'█'.repeat(20)}${' '.repeat(20)}▏ 380/760  loss 0.1235  held out 0.2000  412 images/s  1:02 left`,
    );
    expect(bar(200)({ ...halfway, fraction: 1 })).toContain(`▕${'█'.repeat(40)}▏`);
    expect(bar(200)({ ...halfway, done: 0 })).toContain(`▕${' '.repeat(40)}▏`);
    expect(bar(200)({ ...halfway, done: 760 })).toContain(`▕${'█'.repeat(40)}▏`);
  });

  const progress: fc.Arbitrary<Progress> = fc.record({
    phase: fc.constantFrom('training', 'sampling'),
    done: fc.nat(2000),
    of: fc.integer({ min: 1, max: 1000 }),
    loss: fc.double(),
    heldOut: fc.double(),
    imagesPerSecond: fc.double(),
    secondsLeft: fc.double(),
  });

  test.prop([progress, fc.integer({ min: 1, max: 300 })])('a bar fits in one line', (state, columns) => {
    const drawn = bar(columns)(state);
    expect([...drawn].length).toBeLessThan(columns);
    expect(drawn).not.toContain('\n');
  });

  test.prop([fc.nat(1000), fc.nat(1000)])('a bar grows with the progress', (a, b) => {
    const full = (done: number): number =>
      [...bar(80)({ phase: 'sampling', done, of: 1000, secondsLeft: 0 })].filter((cell) => cell === '█').length;
    expect(full(Math.min(a, b))).toBeLessThanOrEqual(full(Math.max(a, b)));
  });
});

describe('clock', () => {
  test.each([
    [0, '0:00'],
    [59.6, '1:00'],
    [3599, '59:59'],
    [3600, '1:00:00'],
    [-5, '0:00'],
  ])('%d s is %s', (seconds, text) => {
    expect(clock(seconds)).toBe(text);
  });
});

describe('pace', () => {
  test.prop([fc.array(fc.double({ min: 0.01, max: 10, noNaN: true }), { minLength: 1 })])(
    'stays between the slowest and the fastest step',
    (steps) => {
      const { secondsPerStep } = steps.reduce(
        (pace, seconds) => paced(pace, { secondsPerStep: seconds, loss: 1 }),
        noPace,
      );
      const approx = 1e-12 * Math.max(...steps); // rounding of each step
      expect(secondsPerStep).toBeGreaterThanOrEqual(Math.min(...steps) - approx);
      expect(secondsPerStep).toBeLessThanOrEqual(Math.max(...steps) + approx);
    },
  );

  test('a loss that is not finite does not count', () => {
    const before = paced(noPace, { secondsPerStep: 1, loss: 0.5 });
    expect(paced(before, { secondsPerStep: 1, loss: Number.NaN }).loss).toBe(0.5);
  });
});
