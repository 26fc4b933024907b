import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { either as E } from 'fp-ts';
import { expect, it, test } from 'vitest';
import { schedules, signalToNoise } from './charts.js';
import { lineChart } from './lineChart.js';
import { pathsChart } from './paths.js';

const draw = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)), 'utf8');

test('the charts of schedules in docs are up to date; npm run pictures redraws them', () => {
  expect(E.map(lineChart)(schedules)).toEqual(E.right(draw('schedules.svg')));
  expect(E.map(lineChart)(signalToNoise)).toEqual(E.right(draw('snr.svg')));
  expect(lineChart(pathsChart)).toBe(draw('paths.svg'));
});

it('tells lines apart without colour: each has its own dashes, and a sample of them beside its name', () => {
  const svg = lineChart(pathsChart);
  const dashes = [0, 1, 2, 3].map((i) => svg.match(new RegExp(`path\\.c${i}\\{stroke-dasharray:([^}]+)\\}`))?.[1]);
  expect(new Set(dashes).size).toBe(4);
  expect(dashes).not.toContain(undefined);
  expect(svg.match(/<path class="c\d" d="M[\d.]+ [\d.]+h\d+"\/>\n<text class="c\d"/g)).toHaveLength(4);
});

it('places points between the first and the last tick', () => {
  const svg = lineChart({
    title: 'two',
    x: { label: 't', ticks: [0, 10] },
    y: { label: 'y', ticks: [0.01, 1, 100], logarithmic: true },
    lines: [
      {
        name: 'line',
        points: [
          [0, 0.01],
          [5, 1],
          [10, 100],
        ],
      },
    ],
  });
  // the plot spans x from 60 to 616, and y from 268 up to 72
  expect(svg).toContain('d="M60.0 268.0L338.0 170.0L616.0 72.0"');
});
