import { fc } from '@fast-check/vitest';
import { expect, test } from 'vitest';
import { bar, line, type Pace, paced, type Told } from './pace.js';

const run = (...steps: readonly Told[]): Pace => steps.reduce<Pace | undefined>(paced, undefined)!;

test('the time left is the mean duration of a step, times the steps left', () => {
  const pace = run(
    { done: 1, of: 100, at: 7, seconds: 2 },
    { done: 2, of: 100, at: 11 },
    { done: 3, of: 100, at: 14 },
    { done: 4, of: 100, at: 17 },
  );
  expect(line('training', pace)).toBe('training    4/100  3.00 s/step  4:48 left'); // (2 + 4 + 3 + 3) / 4 · 96
});

test('the time left is not shown before some steps or some seconds, because the first step is slow', () => {
  const steps = [1, 2, 3, 4, 5].map((done) => ({ done, of: 25, at: 0.1 * done + 33 }));
  const first = { done: 1, of: 25, at: 34, seconds: 34 };
  expect(line('sampling', run(first))).toBe('sampling   1/25  34.0 s/step');
  for (const count of [1, 2, 3, 4]) expect(line('sampling', run(...steps.slice(0, count)))).not.toContain('left');
  expect(line('sampling', run(...steps))).toContain('10.0 steps/s  0:02 left');
  const slow = run({ done: 1, of: 25, at: 6, seconds: 6 }, { done: 2, of: 25, at: 12 });
  expect(line('sampling', slow)).toBe('sampling   2/25  6.00 s/step  2:18 left');
});

test.each([
  [1 / 1080, '1080 steps/s'],
  [1 / 123456, '123456 steps/s'],
  [1 / 999.6, '1000 steps/s'],
  [1 / 999.4, '999 steps/s'],
  [1234.5, '1235 s/step'],
])('a speed of %f s for a step has no exponent', (seconds, speed) =>
  expect(line('training', run({ done: 1, of: 2, at: 1000, seconds }))).toContain(`  ${speed}`),
);

test('the speed has the name of what is counted', () => {
  const lines = [0.5, 2].map((seconds) => line('drawing', run({ unit: 'sample', done: 1, of: 2, at: 9, seconds })));
  expect(lines).toEqual(['drawing  1/2  2.00 samples/s', 'drawing  1/2  2.00 s/sample']);
});

test('images are shown once there are some', () => {
  const at = (images: number): string => line('sampling', run({ done: 3, of: 25, at: 1, images }));
  expect(at(0)).toBe('sampling   3/25');
  expect(at(2)).toBe('sampling   3/25  2 images');
});

test('for a classifier the smoothed accuracy is shown', () => {
  const told = (done: number, accuracy: number): Told => ({ done, of: 25, at: done, seconds: 1, loss: 2, accuracy });
  expect(line('training', run(told(1, 0.5), told(2, 0.75)))).toBe(
    'training   2/25  loss 2.00    62.5 % right  1.00 steps/s',
  );
});

test('the time before the first step, which is that of compilation, does not count', () => {
  expect(line('training', run({ done: 1, of: 2, at: 1000, seconds: 0.5 }))).toBe('training  1/2  2.00 steps/s');
  expect(line('sampling', run({ done: 1, of: 2, at: 1000 }))).toBe('sampling  1/2');
  expect(line('sampling', run({ done: 1, of: 3, at: 1000 }, { done: 2, of: 3, at: 1004 }))).toContain('4.00 s/step');
});

test('at the end the total time is shown', () => {
  const pace = run({ done: 1, of: 2, at: 5, seconds: 5 }, { done: 2, of: 2, at: 3725 });
  expect(line('training', pace)).toContain('in 1:02:05');
});

test('a resumed run has the speed of its own steps', () => {
  const pace = run(
    { done: 901, of: 1000, at: 100, seconds: 1 },
    ...[902, 903, 904].map((done) => ({ done, of: 1000, at: done - 801 })),
  );
  expect(line('training', pace)).toContain('1.00 steps/s  1:36 left');
});

test('steps that are reported together share their time', () => {
  expect(line('sampling', run({ done: 10, of: 40, at: 0 }, { done: 20, of: 40, at: 5 }))).toContain('2.00 steps/s');
});

test('the loss is smoothed, without losses that are not finite', () => {
  const told = (done: number, loss: number): Told => ({ done, of: 100, at: done, loss });
  expect(run(told(1, 1), told(2, 0.5), told(3, Number.NaN), told(4, 0.3)).loss.value).toBeCloseTo(0.6, 12);
  const flat = Array.from({ length: 40 }, (_, i) => told(i + 1, 1));
  expect(run(...flat, told(41, 0)).loss.value).toBeCloseTo(0.95, 12);
});

test('a repeated step begins another run', () => {
  const pace = run({ done: 5, of: 5, at: 50, loss: 9, images: 3 }, { done: 1, of: 2, at: 60, seconds: 1, loss: 1 });
  expect(line('training', pace)).toBe('training  1/2  loss 1.00    1.00 steps/s');
});

test('a line fits into any terminal', () => {
  const number = fc.double({ min: 1e-9, max: 1e9, noNaN: true });
  fc.assert(
    fc.property(fc.nat(200), fc.nat(1e9), number, number, (columns, done, loss, seconds) => {
      const pace = { ...run({ done, of: 1e9, at: seconds, seconds, loss }), heldOut: loss, nonFinite: 3 };
      expect(bar('training', pace, columns).length).toBeLessThanOrEqual(Math.max(0, columns - 1));
    }),
  );
});

test('a bar shows the completed share of the run', () => {
  const at = (done: number): string => bar('x', run({ done, of: 10, at: 0 }), 80);
  expect(at(0)).toBe(`x ${'░'.repeat(30)}  0/10`);
  expect(at(4)).toBe(`x ${'█'.repeat(12)}${'░'.repeat(18)}  4/10`);
  expect(at(10)).toBe(`x ${'█'.repeat(30)} 10/10  in 0:00`);
});
