import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { floatsOfBfloats, floatsOfHalves } from './float16.js';
import { bfloatsOf, halvesOf } from './toFloat16.js';

/** All numbers of 16 bits. */
const ALL = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i);

/** The value of a binary number of 16 bits by IEEE 754, section 3.4, with a given number of fraction bits. */
const valueOf = (bits: number, fractionBits: number): number => {
  const exponentBits = 15 - fractionBits;
  const bias = 2 ** (exponentBits - 1) - 1;
  const sign = bits >>> 15 === 0 ? 1 : -1;
  const exponent = (bits >>> fractionBits) % 2 ** exponentBits;
  const fraction = bits % 2 ** fractionBits;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN;
  const significand = exponent === 0 ? fraction : 2 ** fractionBits + fraction;
  return sign * significand * 2 ** (Math.max(exponent, 1) - bias - fractionBits);
};

const neighbours = (x: number): readonly number[] => {
  const at = new Float32Array([x]);
  const bits = new Int32Array(at.buffer);
  const step = (by: number): number => new Float32Array(Int32Array.of(bits[0]! + by).buffer)[0]!;
  return x === 0 ? [x] : [step(-1), x, step(1)];
};

describe.each([
  { name: 'float16', fractionBits: 10, round: halvesOf, widen: floatsOfHalves },
  { name: 'bfloat16', fractionBits: 7, round: bfloatsOf, widen: floatsOfBfloats },
])('$name', ({ fractionBits, round, widen }) => {
  const values = Array.from(ALL, (bits) => valueOf(bits, fractionBits));
  /** The finite numbers from 0 upwards, by their bits, and the next power of two. */
  const infinity = values.indexOf(Infinity);
  const ladder = [...values.slice(0, infinity), 2 * 2 ** Math.floor(Math.log2(values[infinity - 1]!))];

  /** The bits of the nearest number, ties to even, by exact differences in float64. */
  const nearest = (x: number): number => {
    if (Number.isNaN(x)) return NaN;
    let above = ladder.findIndex((value) => value >= Math.abs(x));
    if (above === -1) above = infinity;
    const below = Math.max(above - 1, 0);
    const nearer = Math.abs(x) - ladder[below]! - (ladder[above]! - Math.abs(x));
    const bits = nearer < 0 || (nearer === 0 && below % 2 === 0) ? below : above;
    return bits + (Object.is(Math.sign(x), -0) || x < 0 ? 0x8000 : 0);
  };

  test('every number is widened to its exact value', () => {
    expect([...widen(ALL)].findIndex((x, i) => !Object.is(x, values[i]))).toBe(-1);
  });

  test('every number is recovered from float32', () => {
    const back = round(widen(ALL));
    expect([...ALL].filter((bits) => !Number.isNaN(values[bits]) && back[bits] !== bits)).toEqual([]);
    expect([...back].every((bits, i) => Number.isNaN(values[i]) === Number.isNaN(values[bits]))).toBe(true);
  });

  test('every NaN stays a NaN of its sign, also one whose upper bits are those of infinity', () => {
    const lower = [0, 1, 0x3f, 0x7fff, 0x8000, 0xffff];
    const exponents = [0x7f80, 0xff80];
    const nans = exponents.flatMap((upper) =>
      Array.from({ length: 2 ** 7 }, (_, fraction) => lower.map((bits) => (upper + fraction) * 2 ** 16 + bits)).flat(),
    );
    const inputs = Uint32Array.from(nans.filter((bits) => bits % 2 ** 23 !== 0)); // the others are infinite
    const rounded = round(new Float32Array(inputs.buffer));
    expect([...rounded].filter((bits) => !Number.isNaN(values[bits]))).toEqual([]);
    expect([...rounded].findIndex((bits, i) => bits >>> 15 !== inputs[i]! >>> 31)).toBe(-1);
  });

  test('rounds to the nearest around every tie, ties to even, with either sign', () => {
    const ties = ladder.slice(1).map((above, i) => (above + ladder[i]!) / 2);
    const numbers = Float32Array.from(
      ties.flatMap((tie, i) => [...neighbours(tie), ...neighbours(-tie), ladder[i]!]).filter(Number.isFinite),
    );
    const rounded = round(numbers);
    // the position of each is known, so no search is needed
    const wrong = [...numbers].findIndex((x, i) => {
      const got = rounded[i]! & 0x7fff;
      const distance = (bits: number): number => Math.abs(Math.abs(x) - (ladder[bits] ?? Infinity));
      const isNearest = [got - 1, got + 1].every(
        (other) => distance(got) < distance(other) || (distance(got) === distance(other) && got % 2 === 0),
      );
      return !isNearest || rounded[i]! >>> 15 !== (x < 0 || Object.is(x, -0) ? 1 : 0);
    });
    expect(wrong === -1 ? 'all' : `${numbers[wrong]} to ${rounded[wrong]}`).toBe('all');
  });

  test.prop([
    fc.oneof(
      fc.float(),
      fc.float({ min: -7e4, max: 7e4, noNaN: true }),
      fc.float({ min: -(2 ** -13), max: 2 ** -13, noNaN: true }),
    ),
  ])('rounds any number to the nearest', (x) => {
    const [bits] = round(Float32Array.of(x));
    if (Number.isNaN(x)) expect(valueOf(bits!, fractionBits)).toBeNaN();
    else expect(bits).toBe(nearest(x));
  });
});

test('float16: the largest is 65504, from 65520 on it is infinite, below 2^-25 it is zero', () => {
  const back = (...numbers: readonly number[]): number[] => [...floatsOfHalves(halvesOf(Float32Array.from(numbers)))];
  expect(back(65504, 65519, 65520, -1e30)).toEqual([65504, 65504, Infinity, -Infinity]);
  expect(back(2 ** -24, 2 ** -25, 1.001 * 2 ** -25, -(2 ** -26))).toEqual([2 ** -24, 0, 2 ** -24, -0]);
  expect(back(1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 / 3)).toEqual([1, 1 + 2 ** -9, 0.333251953125]);
});
