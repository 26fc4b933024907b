/** Decisions and numbers as functions of a few integers, so that values made from them shrink with the integers. */
import fc from 'fast-check';

/** Makes one decision after another. The same draws give the same answers to the same questions. */
export interface Choices {
  /** An integer from 0 to `below - 1`; 0 in the simplest case, and if `below` is at most 0. */
  readonly nat: (below: number) => number;
  /** One of several; the first in the simplest case. */
  readonly of: <A>(options: readonly A[]) => A;
}

/** The integers from which {@link choices} are made. After their end every answer is the simplest one. */
export const draws: fc.Arbitrary<readonly number[]> = fc.array(fc.nat(9999), {
  maxLength: 24,
  size: 'max',
});

export const choices = (from: readonly number[]): Choices => {
  let at = 0;
  const nat = (below: number): number => (from[at++] ?? 0) % Math.max(1, below);
  return { nat, of: (options) => options[nat(options.length)]! };
};

/** The domains of the elements of a tensor. */
export type Domain =
  /** In [-2, 2]. */
  | 'any'
  /** In [-1, 1]. */
  | 'small'
  /** In [0.5, 2.5]. */
  | 'positive'
  /** At least 0.1 from 0. */
  | 'nonzero'
  /** An integer plus a fraction in [0.1, 0.4], so that step functions have no step nearby. */
  | 'off steps'
  /** At least 0.1 from each other and from 0, in random order. */
  | 'apart'
  /** In [-2, 2], one in three of them 0. */
  | 'with zeros'
  /** Small integers of both signs, some out of the range of an index. */
  | 'integers'
  | 'bools'
  /** Any numbers; one in four is NaN, infinite, huge, tiny or a zero of either sign. */
  | 'wild'
  /** Integers; one in four is near the bounds of int32 or their square roots. */
  | 'wild integers';

const WILD = [NaN, Infinity, -Infinity, 1e30, -1e-30, -0, 0];
const WILD_INTEGERS = [2147483647, -2147483648, 65537, 46341, -46341];

/** Uniform numbers in [0, 1) from a seed (Knuth's linear congruential generator, its upper bits). */
const generator = (seed: number): (() => number) => {
  let state = Math.imul(seed + 1, 2654435761) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
};

/** Numbers of a domain, of float32 precision, so that every backend gets the same ones. */
export const numbers = (domain: Domain, seed: number, count: number): Float64Array => {
  const next = generator(seed);
  const keys = Float64Array.from({ length: count }, next);
  const order = domain === 'apart' ? [...keys.keys()].sort((i, j) => keys[i]! - keys[j]!) : [];
  const one = (i: number): number => {
    switch (domain) {
      case 'any':
        return 4 * next() - 2;
      case 'small':
        return 2 * next() - 1;
      case 'positive':
        return 0.5 + 2 * next();
      case 'nonzero':
      case 'off steps':
        return Math.floor(6 * next()) - 3 + 0.1 + 0.3 * next();
      case 'apart':
        return (order[i]! - (count >> 1)) * 0.25 + 0.05 + 0.1 * next();
      case 'with zeros':
        return next() < 1 / 3 ? 0 : 4 * next() - 2;
      case 'integers':
        return Math.floor(next() * 12) - 3;
      case 'wild':
        return next() < 0.25 ? WILD[Math.floor(next() * WILD.length)]! : 4 * next() - 2;
      case 'wild integers':
        return next() < 0.25 ? WILD_INTEGERS[Math.floor(next() * WILD_INTEGERS.length)]! : Math.floor(next() * 12) - 3; // oxfmt-ignore
      case 'bools':
        return next() < 0.5 ? 0 : 1;
    }
  };
  const integers = domain === 'integers' || domain === 'wild integers';
  const numbers = new Float64Array(count);
  for (let i = 0; i < count; i++) numbers[i] = integers ? one(i) : Math.fround(one(i));
  return numbers;
};
