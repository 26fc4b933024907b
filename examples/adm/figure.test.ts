import { expect, test } from 'vitest';
import { figure } from './figure.js';
import { tableOf } from './table.js';

const scores = [
  { scale: 0, fid: 31.5, accuracy: 0.91, precision: 0.62, recall: 0.7 },
  { scale: 1, fid: 22.25, accuracy: 0.97, precision: 0.71, recall: 0.65 },
  { scale: 4, fid: 48, accuracy: 0.995, precision: 0.8, recall: 0.2 },
];

const numbers = (text: string, attribute: string): readonly number[] =>
  [...text.matchAll(new RegExp(`<circle[^>]* ${attribute}="([-\\d.]+)"`, 'g'))].map(([, number]) => Number(number));

test('the figure has a mark for each score: FID, then accuracy, precision and recall, then FID against accuracy', () => {
  const svg = figure(scores);
  expect(numbers(svg, 'cx')).toHaveLength(15);
  const [fid, shares, against] = svg.split('<svg x=').slice(1) as [string, string, string];
  const heights = numbers(fid, 'cy'); // from the top
  expect(heights[1]).toBeGreaterThan(heights[0]!);
  expect(heights[2]).toBeLessThan(heights[0]!);
  expect(numbers(shares, 'cy').slice(0, 3)).toEqual([...numbers(shares, 'cy').slice(0, 3)].sort((a, b) => b - a));
  expect(numbers(against, 'cy')).toEqual(heights);
  expect(numbers(against, 'cx')).toEqual([...numbers(against, 'cx')].sort((a, b) => a - b));
});

test('the figure keeps every mark inside its panel, also if scores are equal', () => {
  for (const some of [scores, scores.map((score) => ({ ...score, fid: 3, accuracy: 1, precision: 1, recall: 1 }))]) {
    const svg = figure(some);
    for (const x of numbers(svg, 'cx')) expect(x >= 46 && x <= 274).toBe(true);
    for (const y of numbers(svg, 'cy')) expect(y >= 64 && y <= 254).toBe(true);
  }
});

test('the table has a row for each scale', () => {
  expect(tableOf(scores).split('\n').map((row) => row.trim().split(/ {2,}/))).toEqual([
    ['scale', 'FID', 'accuracy', 'precision', 'recall'],
    ['0', '31.50', '91.0 %', '0.6200', '0.7000'],
    ['1', '22.25', '97.0 %', '0.7100', '0.6500'],
    ['4', '48.00', '99.5 %', '0.8000', '0.2000'],
  ]);
}); // oxfmt-ignore

test('in the last panel the notes keep away from each other, from the marks and from the labels of the axis', () => {
  // the scores of docs/guidance.md, whose marks crowd at the right end
  const table = [[0, 2.64, 0.856], [1, 1.94, 0.928], [2, 1.67, 0.984], [4, 1.53, 0.98], [8, 1.58, 0.992], [16, 1.85, 0.996]] as const; // oxfmt-ignore
  const svg = figure(table.map(([scale, fid, accuracy]) => ({ scale, fid, accuracy, precision: 0.7, recall: 0.5 })));
  const last = svg.split('<svg x=').at(-1)!;
  const texts = [...last.matchAll(/<text x="([\d.]+)" y="([\d.]+)"(?: dy="4")? text-anchor="middle">([^<]+)</g)];
  const places = texts.map(([, x, y]) => [Number(x), Number(y)] as const);
  const notes = places.slice(-table.length);
  expect(texts.slice(-table.length).map(([, , , note]) => note)).toEqual(table.map(([scale]) => `${scale}`));
  const marks = numbers(last, 'cx').map((x, i) => [x, numbers(last, 'cy')[i]!] as const);
  for (const [i, [x, y]] of notes.entries()) {
    for (const [otherX, otherY] of marks) expect(Math.hypot(x - otherX, y - otherY)).toBeGreaterThan(8);
    for (const [otherX, otherY] of places.filter((_, j) => j !== places.length - table.length + i))
      expect(Math.abs(x - otherX) > 14 || Math.abs(y - otherY) > 9).toBe(true);
  }
});

test('series are told apart by dashes too, and the FID says its direction', () => {
  const svg = figure(scores);
  expect(svg).toMatch(/path\.c1\{stroke-dasharray:[\d ]+\}path\.c2\{stroke-dasharray:[\d ]+\}/);
  expect(svg).toContain('lower is better');
});
