import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { torchPeer } from '../../../bench/peers/torch.js';
import { bestOf, type Conditions, speedSection, timeOf, type Timing, withSpeed } from '../../../bench/timings.js';

const root = new URL('../../../', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');

const conditions: Conditions = {
  date: '2026-11-27',
  node: 'v20.1.0',
  cpu: 'a CPU',
  cores: 2,
  load: 0.25,
  rounds: 3,
  peers: { tfjs: '4.22.0', PyTorch: 'without PyTorch (spawn python3 ENOENT)' },
};
const timings: readonly Timing[] = [
  { network: 'R', task: 'forward', runner: 'noisefold, 1 thread', milliseconds: 400.4 },
  { network: 'R', task: 'step', runner: 'noisefold, 1 thread', milliseconds: 1200 },
  { network: 'R', task: 'forward', runner: 'PyTorch, 1 thread', milliseconds: 300 },
  { network: 'R', task: 'forward', runner: 'PyTorch, 2 threads', milliseconds: 200 },
];

test('the README states the results of the last benchmark (npm run bench writes it)', () => {
  const { timings: measured, ...about } = JSON.parse(
    readFileSync(new URL('bench/results.json', root), 'utf8'),
  ) as Conditions & { readonly timings: readonly Timing[] };
  expect(withSpeed(readme, speedSection(about, measured))).toBe(readme);
});

test('the table has a column for each runner, a row for each task of a network, and empty cells without a time', () => {
  const lines = speedSection(conditions, timings).split('\n');
  const cells = lines.filter((line) => line.startsWith('|')).map((line) => line.split('|').map((cell) => cell.trim()));
  expect(cells.map((row) => row.slice(1, 5))).toEqual([
    ['milliseconds', 'noisefold, 1 thread', 'PyTorch, 1 thread', 'PyTorch, 2 threads'],
    expect.anything(),
    ['R, forward', '400', '300', '200'],
    ['R, step', '1200', '', ''],
  ]);
  expect(lines.at(-3)).toContain('without PyTorch (spawn python3 ENOENT)');
});

test('the best time is the lowest of the runners that are asked for', () => {
  expect(bestOf(timings, 'R', 'forward', (runner) => runner.startsWith('PyTorch'))).toBe(200);
  expect(bestOf(timings, 'R', 'step', (runner) => runner.startsWith('PyTorch'))).toBeUndefined();
  expect(timeOf(timings, 'R', 'step', 'noisefold, 1 thread')).toBe(1200);
});

test('without PyTorch the reason takes its place', async () => {
  expect(await torchPeer([], ['no-such-python'])).toContain('ENOENT');
  expect(await torchPeer([], ['false'])).toBe('its process ended (1)');
});

test('a README without the place for the table is an error', () => {
  expect(() => withSpeed('# noisefold', '')).toThrow('the README has no');
});
