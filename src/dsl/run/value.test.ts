import { inspect } from 'node:util';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { reference } from '../../backends/reference/index.js';
import { E, F, RTE } from '../../internal/fp.js';
import { isTensor, leaves, zeros } from '../index.js';
import { read, release, upload, using, type Value, valueShape } from './value.js';

describe('upload', () => {
  test.each([[[1.5, 2]], [[-1, -3]], [[Number.NaN]], [[2, 2]]])('rejects the shape %o', async (shape) => {
    const uploaded = await using(reference())(upload(Float32Array.of(1, 2, 3), shape))();
    expect(uploaded).toMatchObject(E.left({ _tag: 'ShapeError', where: 'upload' }));
  });

  test.each<[string, readonly unknown[], string]>([
    ['no numbers', [undefined, [1]], 'upload.data: expected a Float32Array, Float64Array, Int32Array or Uint8Array, got nothing; write upload(Float32Array.of(1, 2), [2])'],
    ['a text', ['abc', [3]], 'upload.data: expected a Float32Array'],
    ['a BigInt64Array', [BigInt64Array.of(1n), [1]], 'upload.data: expected a Float32Array'],
    ['no shape', [Float32Array.of(1)], 'upload.shape: expected a list of extents, got nothing'],
    ['an extent in place of a shape', [Float32Array.of(1), 1], 'upload.shape: expected a list of extents, got 1'],
    ['an unknown dtype', [Float32Array.of(1), [1], 'float'], "upload.dtype: expected 'float32', 'int32' or 'bool', got \"float\""],
    ['bytes that are not bools', [Uint8Array.of(1, 255), [2]], "upload: expected bytes of 0 and 1, because a Uint8Array holds bools, got 255; give the dtype of other bytes: upload(bytes, shape, 'float32')"],
  ])('rejects %s', async (_, given, message) => {
    const uploaded = await using(reference())(upload(...(given as [Float32Array, []])))(); // from JavaScript
    expect(uploaded).toMatchObject(E.left({ message: expect.stringContaining(message) }));
  }); // oxfmt-ignore

  test('takes the dtype from the array', async () => {
    const there = upload(Int32Array.of(3, 1), [2]);
    expect(await using(reference())(F.pipe(there, RTE.flatMap(read)))()).toEqual(E.right(Int32Array.of(3, 1)));
    const bools = upload(Uint8Array.of(1, 0), [2]);
    expect(await using(reference())(F.pipe(bools, RTE.flatMap(read)))()).toEqual(E.right(Uint8Array.of(1, 0)));
  });
});

describe('read', () => {
  test.each<[string, unknown, string]>([
    ['an effect', upload(Float32Array.of(1), [1]), 'read: expected a value, got work that was not run; write read(await nf.run(…))'],
    ['a tensor', zeros(2), 'read: expected a value, got a tensor of a program, which has no numbers; compile the program and run it'],
    ['numbers', Float32Array.of(1), 'read: expected a value, got Float32Array; give a result of upload or of a run'],
    ['nothing', undefined, 'read: expected a value, got nothing; give a result of upload or of a run'],
  ])('rejects %s', async (_, x, message) => {
    const refusal = await using(reference())(read(x as never))(); // from JavaScript
    expect(refusal).toMatchObject(E.left({ _tag: 'ConfigError', message }));
  }); // oxfmt-ignore
});

test('console.log prints the kind, the dtype and the shape', async () => {
  const backend = right(await reference()());
  const x = right(await upload(Float32Array.of(1, 2), [2, 1])(backend)());
  expect(inspect({ x })).toBe('{ x: Value float32 [2, 1] (read it for its numbers) }');
  expect(Object.getOwnPropertySymbols({ ...x })).toEqual([]);
  right(await release(x)(backend)());
  expect(inspect(x)).toBe('Value float32 [2, 1] (it was released)');
  const w = zeros(2, 2);
  expect(inspect({ w })).toBe('{ w: Tensor float32 [2, 2] (part of a program; it has no numbers) }');
  expect(leaves({ w }, isTensor)).toEqual([{ path: 'w', leaf: w }]);
  expect(structuredClone(w)).toEqual(w);
  right(await backend.close());
});

test('RTE.tap(release) keeps the type', async () => {
  const tapped = F.pipe(upload(Float32Array.of(1), [1]), RTE.tap(release));
  const shape = F.pipe(
    tapped,
    RTE.map((v) => {
      expectTypeOf(v).toEqualTypeOf<Value<readonly [1]>>();
      return valueShape(v);
    }),
  );
  expect(await using(reference())(shape)()).toEqual(E.right([1]));
});

describe('using', () => {
  test.each<[string, () => Promise<never>]>([
    ['reject', () => Promise.reject(new Error('a defect'))],
    [
      'throw',
      () => {
        throw new Error('a defect');
      },
    ],
  ])('closes the backend if the effects %s, and rethrows the defect', async (_, effects) => {
    const backend = right(await reference()());
    let closed = 0;
    const counted = {
      ...backend,
      close: async () => {
        closed++;
        return backend.close();
      },
    };
    const run = using(async () => E.right(counted))(() => effects);
    await expect(run()).rejects.toThrow('a defect');
    expect(closed).toBe(1);
  });
});
