/** Checks the claims of an example. */
import assert from 'node:assert/strict';
import { type AnyTensor, dims, evaluate, isTensor, program, using } from 'noisefold/dsl';
import { reference } from 'noisefold/backends/reference';
import { either as E } from 'fp-ts';

/** The same type, neither wider nor narrower. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
export type Holds<T extends true> = T;

type Nested = number | readonly Nested[];

/** Row-major numbers of a shape as nested lists. */
const nested = (numbers: readonly number[], [extent, ...inner]: readonly number[]): Nested => {
  if (extent === undefined) return numbers[0]!;
  const size = inner.reduce((a, b) => a * b, 1);
  return Array.from({ length: extent }, (_, i) => nested(numbers.slice(i * size, (i + 1) * size), inner));
};

/** The value of a tensor that depends on no input, on the reference. */
const computed = async (tensor: AnyTensor): Promise<Nested> => {
  const result = await using(reference())(
    evaluate(
      program({}, () => ({ tensor })),
      {},
    )({}),
  )();
  if (E.isLeft(result)) throw new Error(result.left.message);
  return nested(Array.from(result.right.tensor as ArrayLike<number>), dims(tensor)); // not a key
};

/** Computes the tensors in a result, and converts typed arrays to lists. */
const onHost = async (result: unknown): Promise<unknown> => {
  if (isTensor(result)) return computed(result);
  if (ArrayBuffer.isView(result)) return Array.from(result as Float32Array);
  if (Array.isArray(result)) return Promise.all(result.map(onHost));
  if (typeof result !== 'object' || result === null) return result;
  const fields = Object.entries(result).map(async ([name, field]) => [name, await onHost(field)] as const);
  return Object.fromEntries(await Promise.all(fields));
};

/** Compares numbers up to the digits that claims give. */
const isNear = (a: number, b: number): boolean => Object.is(a, b) || Math.abs(a - b) <= 5e-4 * (1 + Math.abs(b));

const agrees = (actual: unknown, expected: unknown): boolean => {
  if (typeof actual === 'number' && typeof expected === 'number') return isNear(actual, expected);
  if (typeof actual === 'number' && typeof expected === 'boolean') return actual === Number(expected);
  if (typeof actual !== 'object' || typeof expected !== 'object' || actual === null || expected === null)
    return Object.is(actual, expected);
  const [left, right] = [Object.entries(actual), new Map(Object.entries(expected))];
  return left.length === right.size && left.every(([name, field]) => right.has(name) && agrees(field, right.get(name)));
};

/** Throws unless a result is as claimed. */
export const shows = async (actual: unknown, expected: unknown): Promise<void> => {
  const value = await onHost(actual);
  if (!agrees(value, expected)) assert.deepEqual(value, expected);
};
