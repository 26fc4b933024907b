import { expect, test } from 'vitest';
import { type Machine, machine } from './machine.js';
import type { Finding } from './probe.js';
import { formatReport, reportOf } from './report.js';

const here: Machine = {
  noisefold: '1.2.3',
  node: 'v20.0.0',
  system: 'linux x64',
  cpu: '2 × A CPU',
  packages: { a: '4.5.6', b: null },
};
const speeds = { matmul: 123.4, conv: 9.876, chain: 0.5 };
const works = (backend: Finding['backend'], note: string, trusted = true): Finding => ({ backend, works: true, trusted, note, speeds }); // oxfmt-ignore
const fails = (backend: Finding['backend'], note: string): Finding => ({ backend, works: false, trusted: false, note, speeds: null }); // oxfmt-ignore

test('prints a table of working backends, then the reasons of the others', () => {
  const report = reportOf(here, [
    fails('tfjs-node-gpu', 'the tfjs-node-gpu backend: expected it, got none; install it'),
    works('webgpu', 'llvmpipe', false),
    works('wasm', 'SIMD'),
    { ...works('tfjs-node', 'TensorFlow; too slow to measure within 20 s'), speeds: null },
    fails('reference', 'its process ended (1)'),
  ]);
  expect(report.auto).toBe('wasm');
  expect(formatReport(report)).toEqual([
    'noisefold 1.2.3, Node 20.0.0, linux x64, 2 × A CPU',
    'a 4.5.6, b (not installed)',
    '',
    '   backend     matmul  conv 3×3  chain',
    '              GFLOP/s   GFLOP/s   GB/s',
    '✓  webgpu         123      9.88  0.500  llvmpipe',
    '→  wasm           123      9.88  0.500  SIMD',
    `${'✓  tfjs-node'.padEnd(40)}TensorFlow; too slow to measure within`, // aligned with the column of notes
    `${''.padEnd(40)}20 s`,
    '',
    '✗ the tfjs-node-gpu backend: expected it, got none; install it',
    '✗ reference: its process ended (1)',
    '',
    'auto() chooses wasm.',
  ]);
});

test('is at most 80 columns wide, and loses no word', () => {
  const reason = 'the tfjs-node backend: expected one that loads, got '.concat(
    'a long reason of several words, '.repeat(9),
  );
  const device = 'llvmpipe (LLVM 19.1.7, 256 bits); a software adapter, which auto() does not choose';
  const long = { ...here, cpu: '16 × A Processor With A Long Name And Many Words @ 2.80GHz', packages: { ...here.packages, ['@scope/package']: '1.0.0', ['@scope/another']: null } }; // oxfmt-ignore
  const lines = formatReport(reportOf(long, [works('webgpu', device, false), works('reference', ''), fails('tfjs-node', reason)])); // oxfmt-ignore
  for (const text of lines) expect(text.length).toBeLessThanOrEqual(80);
  const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '');
  const shown = words(lines.join(' '));
  for (const text of [reason, device, long.cpu, '@scope/package']) expect(shown).toEqual(expect.arrayContaining([...words(text)])); // oxfmt-ignore
  expect(shown.filter((word) => word === 'reason')).toHaveLength(9);
});

test('says that no backend works', () => {
  const report = reportOf(here, [fails('reference', 'broken')]);
  expect(report.auto).toBeNull();
  expect(formatReport(report).slice(-3)).toEqual(['✗ reference: broken', '', 'No backend works here.']);
});

test('finds the versions of installed packages', () => {
  const { noisefold, packages } = machine(new URL('../../package.json', import.meta.url));
  expect(noisefold).toMatch(/^\d+\.\d+\.\d+/);
  expect(packages['@tensorflow/tfjs-core']).toMatch(/^4\.22\./);
});
