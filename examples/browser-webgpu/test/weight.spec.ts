import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { built } from './browser.js';

const KB = 1000;

/** The gzipped size of each built file. */
const weights = readdirSync(built, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ name, parentPath }) => ({
    name,
    bytes: gzipSync(readFileSync(join(parentPath, name)), { level: 9 }).length,
  }));

const KINDS = ['data', 'tfjs', 'fp-ts', 'backends', 'worker', 'page'] as const;
type Kind = (typeof KINDS)[number];

/** The origin of a file, by its name. */
const kindOf = (name: string): Kind => {
  if (name === 'digits.bin') return 'data';
  if (name.startsWith('tfjs')) return 'tfjs';
  if (name.startsWith('fp-')) return 'fp-ts';
  if (name.startsWith('main-')) return 'worker'; // with all of noisefold except the backends
  return /^index[-.]/.test(name) ? 'page' : 'backends';
};

const sum = (...kinds: readonly Kind[]): number =>
  weights.filter(({ name }) => kinds.includes(kindOf(name))).reduce((bytes, file) => bytes + file.bytes, 0);

const written = (bytes: number): string => `${(bytes / KB).toFixed(1)} kB`;

/** The target for our files (README.md explains the difference) and the limits: all files, and those of one visit. */
const OURS = { aim: 80 * KB, most: 138 * KB, mostOfVisit: 116 * KB } as const;

/** Files that only one backend loads. */
const LOADED_FOR = { webgpu: /^backend-/, wasm: /^wasm-/ } as const;

describe('the built page', () => {
  test('weighs less than a megabyte, tfjs and digits included', () => {
    console.log(
      [
        ...weights.map(({ name, bytes }) => `${written(bytes).padStart(10)}  ${kindOf(name).padEnd(9)}  ${name}`),
        `${KINDS.map((kind) => `${kind} ${written(sum(kind))}`).join(', ')}; all ${written(sum(...KINDS))}`,
      ].join('\n'),
    );
    expect(sum(...KINDS)).toBeLessThan(1000 * KB);
  });

  test('what is ours grows no further', () => {
    const ours = sum('page', 'worker', 'backends');
    const onlyFor = (backend: keyof typeof LOADED_FOR): number => {
      const files = weights.filter(({ name }) => LOADED_FOR[backend].test(name));
      expect(files).toHaveLength(1);
      return files[0]!.bytes;
    };
    const visits = { webgpu: ours - onlyFor('wasm'), wasm: ours - onlyFor('webgpu') };
    const verdict = ours < OURS.aim ? '' : ': NOT MET';
    console.log(
      [
        `ours ${written(ours)}, both backends included; aiming at less than ${written(OURS.aim)}${verdict}`,
        `a visit loads ${written(visits.webgpu)} on WebGPU, ${written(visits.wasm)} on WebAssembly`,
      ].join('\n'),
    );
    expect(ours).toBeLessThan(OURS.most);
    expect(Math.max(visits.webgpu, visits.wasm)).toBeLessThan(OURS.mostOfVisit);
  });
});
