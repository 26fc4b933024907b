import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { figure } from '../../../examples/adm/figure.js';
import { recipe } from '../../../examples/adm/recipe.js';
import { testPage } from './page.js';

const docs = fileURLToPath(new URL('../../../docs/', import.meta.url));

testPage('docs/guidance.md', (text) => text.replace('multipliers: [1, 2]', 'multipliers: [1]'));

/** The positions of the marks of a figure. */
const marksOf = (svg: string): readonly number[] =>
  [...svg.matchAll(/<circle[^>]* cx="([\d.]+)" cy="([\d.]+)"/g)].flatMap(([, x, y]) => [Number(x), Number(y)]);

test('the plot shows the numbers of the table, at the scales of the example', () => {
  const rows = [...readFileSync(`${docs}guidance.md`, 'utf8').matchAll(/^\| +(\d+) \| +([\d.]+) \| +([\d.]+) % \| +([\d.]+) \| +([\d.]+) \|$/gm)]; // oxfmt-ignore
  const scores = rows.map((row) => {
    const [scale, fid, percent, precision, recall] = row.slice(1).map(Number) as [number, number, number, number, number]; // oxfmt-ignore
    return { scale, fid, accuracy: percent / 100, precision, recall };
  });
  expect(scores.map(({ scale }) => scale)).toEqual(recipe.scales);
  const [drawn, shown] = [figure(scores), readFileSync(`${docs}guidance.svg`, 'utf8')].map(marksOf);
  expect(shown).toHaveLength(drawn!.length);
  shown!.forEach((place, i) => expect(Math.abs(place - drawn![i]!)).toBeLessThan(1)); // a pixel
});
