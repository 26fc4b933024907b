/** Laws of random keys. */
import fc from 'fast-check';
import { fork, foldIn, type Key, key, normal, type RandomKey, uniform } from 'noisefold/dsl';
import type { KeyWords } from 'noisefold/backend';
import { plan } from '../../src/dsl/compile/planning.js';
import type { Distribution } from '../../src/dsl/graph/node.js';
import * as p from '../../src/dsl/primitives/index.js';
import { nodeOf, tensor } from '../../src/dsl/graph/tensor.js';
import { E } from '../../src/internal/fp.js';
import { drawOnReference, programOf, runOnReference } from '../oracles/running.js';
import { approx, type Law } from './law.js';

const seed = fc.maxSafeInteger();
const names = fc.string({ maxLength: 6 });

/** A fork by a name, or a number folded in. */
type Derivation = string | number;
const derivations: fc.Arbitrary<readonly Derivation[]> = fc.array(fc.oneof(names, seed), { maxLength: 4 });

const derived = <K extends Key | RandomKey>(root: K, path: readonly Derivation[]): K =>
  path.reduce<K>((at, by) => (typeof by === 'string' ? fork(at, by)[by]! : foldIn(at, by)), root);

const alike: Law<readonly [number, readonly Derivation[]]> = {
  name: 'programs and the host derive the same keys',
  formula: '⟦fork(k, name)⟧ = fork(⟦k⟧, name), and so for foldIn',
  source: 'keys are values',
  arbitrary: fc.tuple(seed, derivations),
  runs: 50,
  violation: async ([from, path]) => {
    const declared = [{ path: 'key', shape: [], dtype: 'key' }] as const;
    const { k } = await runOnReference(declared, { key: key(from) }, (inputs) => ({
      k: nodeOf(derived<Key>(tensor(inputs['key']!), path)),
    }));
    return approx('words', k as KeyWords, derived<RandomKey>(key(from), path), 0);
  },
};

const independent: Law<readonly [number, readonly string[]]> = {
  name: 'a fork depends only on its name',
  formula: 'fork(k, a, b).a = fork(k, a).a',
  source: 'keys are values',
  arbitrary: fc.tuple(seed, fc.array(names, { minLength: 1, maxLength: 4 })),
  runs: 100,
  violation: ([from, all]) =>
    all.reduce<string | null>(
      (violation, name) => violation ?? approx(name, fork(key(from), ...all)[name]!, fork(key(from), name)[name]!, 0),
      null,
    ),
};

const prefixes: Law<readonly [number, number, number]> = {
  name: 'numbers depend only on key and index',
  formula: 'draw(k, n) = the first n of draw(k, m), for n ≤ m, normal and uniform',
  source: 'counter-based generators, Salmon et al. 2011',
  arbitrary: fc.tuple(seed, fc.nat(300), fc.nat(3000)),
  runs: 20,
  violation: async ([from, n, more]) => {
    for (const draw of [normal, uniform]) {
      const short = await drawOnReference(key(from), draw(n));
      const long = await drawOnReference(key(from), draw(n + more));
      const violation = approx('draws', short, long.subarray(0, n), 0);
      if (violation !== null) return violation;
    }
    return null;
  },
};

interface Use {
  readonly path: readonly string[];
  readonly distribution: Distribution;
}
const uses: fc.Arbitrary<readonly Use[]> = fc.array(
  fc.record({
    path: fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 }),
    distribution: fc.constantFrom<Distribution>('normal', 'uniform', 'bits', 'permutation'),
  }),
  { maxLength: 4 },
);

const onceOnly: Law<readonly Use[]> = {
  name: 'one key, one use',
  formula: 'compile(p) = KeyReused ⇔ p draws from a key twice, or draws from it and forks it',
  source: 'definition of a key',
  arbitrary: uses,
  runs: 200,
  violation: (all) => {
    const drawnFrom = all.map(({ path }) => path.join('/'));
    const reused = all.some(
      ({ path }, i) =>
        drawnFrom.indexOf(path.join('/')) < i ||
        all.some((other) => other.path.length > path.length && path.every((name, at) => other.path[at] === name)),
    );
    const drawing = programOf([{ path: 'key', shape: [], dtype: 'key' }], (inputs) =>
      Object.fromEntries(
        all.map(({ path, distribution }, i) => [
          `y${i}`,
          p.random(distribution, nodeOf(derived<Key>(tensor(inputs['key']!), path)), [3]),
        ]),
      ),
    );
    const result = plan(drawing, {}, { fuses: false, composites: [], scratchElements: () => 0 });
    const outcome = E.isRight(result) ? 'a plan' : result.left._tag;
    const expected = reused ? 'KeyReused' : 'a plan';
    return outcome === expected ? null : `expected ${expected}, got ${outcome}`;
  },
};

/**
 * Randomness is a function of the key, on the host and in programs, and no key is used twice.
 * @example
 * keyLaws[1]!.formula // → 'fork(k, a, b).a = fork(k, a).a'
 * for (const law of keyLaws) await checkLaw(law, 0.1)
 */
export const keyLaws: readonly Law[] = [alike, independent, prefixes, onceOnly];
