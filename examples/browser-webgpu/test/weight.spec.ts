/** The size of the built page; `guiding.spec.ts` tests which of its files a visit loads. */
import { describe, expect, test } from 'vitest';
import { type Kind, KINDS, kindsOf, weights } from './files.js';

const KB = 1000;

const sum = (...kinds: readonly Kind[]): number =>
  weights
    .filter(({ name }) => kindsOf(name).some((kind) => kinds.includes(kind)))
    .reduce((bytes, file) => bytes + file.bytes, 0);

const written = (bytes: number): string => `${(bytes / KB).toFixed(1)} kB`;

/** The code of a visit that uses all figures. The plane runs on WebAssembly on every visit. */
const VISITS = [
  ['wasm', ['wasm', 'threads', 'images']],
  ['webgpu', ['webgpu', 'wasm']],
] as const;

describe('the built page', () => {
  test('has only files of known kinds, of at most a megabyte with its digits', () => {
    console.log(
      [
        ...weights.map(
          ({ name, bytes }) => `${written(bytes).padStart(10)}  ${kindsOf(name).join().padEnd(8)}  ${name}`,
        ),
        `${KINDS.map((kind) => `${kind} ${written(sum(kind))}`).join(', ')}; all ${written(sum(...KINDS))}`,
      ].join('\n'),
    );
    expect(weights.filter(({ name }) => kindsOf(name).length !== 1)).toEqual([]);
    expect(KINDS.filter((kind) => sum(kind) === 0)).toEqual([]);
    expect(sum(...KINDS) - sum('network', 'classifier')).toBeLessThan(1000 * KB);
    for (const { name, bytes } of weights.filter((one) => kindsOf(one.name).includes('network')))
      expect(bytes, name).toBeLessThanOrEqual(700 * KB);
  });

  test.each(VISITS)('loads little code on %s', (backend, backends) => {
    const visit = sum('page', 'worker', ...backends);
    console.log(`a visit on ${backend} loads ${written(visit)} of code`);
    expect(visit).toBeLessThan(200 * KB);
  });
});
