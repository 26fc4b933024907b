/**
 * The random numbers of the library, by Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as
 * easy as 1, 2, 3"). Threefry encrypts a counter under a key. Element i of a draw therefore depends only on the key and
 * on i, and is the same on every backend.
 */
import { raise, textOf } from '../errors.js';
import { normalOfBits } from './normalQuantile.js';

/** The distributions that {@link randomInto} draws from. */
export type Distribution = 'bits' | 'uniform' | 'normal' | 'permutation';

/** A random key on the host: two 32-bit words. */
export type KeyWords = readonly [number, number];

const PARITY = 0x1bd11bda;

/** Encrypts the counter `(c0, c1)` under the key `(k0, k1)` into `out[at]` and `out[at + 1]`. */
const block = (k0: number, k1: number, c0: number, c1: number, out: Int32Array, at: number): void => {
  const k2 = k0 ^ k1 ^ PARITY;
  let a = (c0 + k0) | 0;
  let b = (c1 + k1) | 0;
  // unrolled, because a loop over the rounds takes three times as long
  // oxfmt-ignore
  {
    a = (a + b) | 0; b = ((b << 13) | (b >>> 19)) ^ a;
    a = (a + b) | 0; b = ((b << 15) | (b >>> 17)) ^ a;
    a = (a + b) | 0; b = ((b << 26) | (b >>> 6)) ^ a;
    a = (a + b) | 0; b = ((b << 6) | (b >>> 26)) ^ a;
    a = (a + k1) | 0; b = (b + k2 + 1) | 0;
    a = (a + b) | 0; b = ((b << 17) | (b >>> 15)) ^ a;
    a = (a + b) | 0; b = ((b << 29) | (b >>> 3)) ^ a;
    a = (a + b) | 0; b = ((b << 16) | (b >>> 16)) ^ a;
    a = (a + b) | 0; b = ((b << 24) | (b >>> 8)) ^ a;
    a = (a + k2) | 0; b = (b + k0 + 2) | 0;
    a = (a + b) | 0; b = ((b << 13) | (b >>> 19)) ^ a;
    a = (a + b) | 0; b = ((b << 15) | (b >>> 17)) ^ a;
    a = (a + b) | 0; b = ((b << 26) | (b >>> 6)) ^ a;
    a = (a + b) | 0; b = ((b << 6) | (b >>> 26)) ^ a;
    a = (a + k0) | 0; b = (b + k1 + 3) | 0;
    a = (a + b) | 0; b = ((b << 17) | (b >>> 15)) ^ a;
    a = (a + b) | 0; b = ((b << 29) | (b >>> 3)) ^ a;
    a = (a + b) | 0; b = ((b << 16) | (b >>> 16)) ^ a;
    a = (a + b) | 0; b = ((b << 24) | (b >>> 8)) ^ a;
    a = (a + k1) | 0; b = (b + k2 + 4) | 0;
    a = (a + b) | 0; b = ((b << 13) | (b >>> 19)) ^ a;
    a = (a + b) | 0; b = ((b << 15) | (b >>> 17)) ^ a;
    a = (a + b) | 0; b = ((b << 26) | (b >>> 6)) ^ a;
    a = (a + b) | 0; b = ((b << 6) | (b >>> 26)) ^ a;
  }
  out[at] = a + k2;
  out[at + 1] = b + k0 + 5;
};

/** The block cipher on unsigned 32-bit integers. */
export const threefry = (key: KeyWords, counter: KeyWords): KeyWords => {
  const out = new Int32Array(2);
  block(key[0] | 0, key[1] | 0, counter[0] | 0, counter[1] | 0, out, 0);
  return [out[0]! >>> 0, out[1]! >>> 0];
};

/** The 64 bits of a safe integer, the low word first. Raises `ConfigError` for other numbers. */
export const keyWords = (seed: number, where = 'key'): KeyWords => {
  const hint = 'give an integer between -(2^53 - 1) and 2^53 - 1';
  if (!Number.isSafeInteger(seed))
    raise('ConfigError', { where, expected: 'a safe integer', actual: textOf(seed), hint });
  return [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
};

/**
 * Derives a key from a key and 64 bits. Keys and samples are encrypted under different keys, so a derived key does not equal
 * numbers drawn from its parent.
 * @example
 * const [first, second] = [deriveWords(key(7), [1, 0]), deriveWords(key(7), [2, 0])]
 * assert.notDeepEqual(first, second)
 * assert.deepEqual(first, deriveWords(key(7), [1, 0]))
 */
export const deriveWords = ([k0, k1]: KeyWords, words: KeyWords): KeyWords =>
  threefry([k0 ^ 0x6e6f6973, k1 ^ 0x65666f6c], words);

/**
 * Hashes a name to 64 bits: its UTF-16 units, four at a time, then its length. The hash so far is the key of the next
 * block.
 */
export const wordsOfName = (name: string): KeyWords => {
  const unit = (at: number): number => (at < name.length ? name.charCodeAt(at) : 0);
  let hash: KeyWords = [0, 0];
  for (let at = 0; at < name.length; at += 4) {
    const words: KeyWords = [unit(at) | (unit(at + 1) << 16), unit(at + 2) | (unit(at + 3) << 16)];
    const next = threefry(hash, words);
    hash = [next[0] ^ words[0], next[1] ^ words[1]];
  }
  return threefry(hash, [name.length, 0]);
};

/** An array to fill with samples. A Float64Array gets the same numbers as a Float32Array. */
export type RandomArray = Float32Array | Float64Array | Int32Array;

/** The number of words generated at a time, so that they stay in the L1 cache. */
const CHUNK = 1024;

/** Writes samples from `count` random words to `out`, from `start` on. */
type Write = (words: Int32Array, out: RandomArray, start: number, count: number) => void;

/** Writes samples from the words of the stream to all of `out`. */
const each = ([k0, k1]: KeyWords, out: RandomArray, write: Write): void => {
  const words = new Int32Array(Math.min(CHUNK, out.length + (out.length & 1)));
  for (let start = 0; start < out.length; start += CHUNK) {
    const count = Math.min(CHUNK, out.length - start);
    for (let i = 0; i < count; i += 2) block(k0 | 0, k1 | 0, (start + i) / 2, 0, words, i);
    write(words, out, start, count);
  }
};

/** Fills `out` with 0 … n − 1 in random order (Fisher–Yates); swap i uses 53 bits of block i. */
const shuffle = ([k0, k1]: KeyWords, out: RandomArray): void => {
  const words = new Int32Array(2);
  for (let i = 0; i < out.length; i++) {
    block(k0 | 0, k1 | 0, i, 0, words, 0);
    const uniform = ((words[0]! >>> 5) * 2 ** 26 + (words[1]! >>> 6)) / 2 ** 53;
    const other = Math.floor(uniform * (i + 1));
    out[i] = out[other]!;
    out[other] = i;
  }
};

/**
 * Samples of 32 random bits, rounded to float32 in any array. Each distribution has its own loop, because engines
 * compile a shared loop to code that takes twice as long.
 */
const samples: Readonly<Record<Exclude<Distribution, 'permutation'>, Write>> = {
  // int32
  bits: (words, out, start, count) => {
    for (let i = 0; i < count; i++) out[start + i] = words[i]!;
  },
  // one of the 2²⁴ multiples of 2⁻²⁴ in [0, 1)
  uniform: (words, out, start, count) => {
    for (let i = 0; i < count; i++) out[start + i] = (words[i]! >>> 8) * 2 ** -24;
  },
  // standard normal, from 23 bits
  normal: (words, out, start, count) => {
    for (let i = 0; i < count; i++) out[start + i] = Math.fround(normalOfBits(words[i]! >>> 9));
  },
};

/**
 * Fills `out` with samples. Only `permutation`, 0 … n − 1 in random order, depends on the length n of `out`.
 * @example
 * const x = new Float32Array(3)
 * randomInto('uniform', key(7), x)
 * x.every((number) => number >= 0 && number < 1) // → true
 * const longer = new Float32Array(5)
 * randomInto('uniform', key(7), longer)
 * assert.deepEqual(longer.slice(0, 3), x)
 */
export const randomInto = (distribution: Distribution, key: KeyWords, out: RandomArray): void =>
  distribution === 'permutation' ? shuffle(key, out) : each(key, out, samples[distribution]);
