import { describe, expect, expectTypeOf, test } from 'vitest';
import { right } from '../../../properties/diffusion/run.js';
import { reference } from '../../backends/reference/index.js';
import { E } from '../../internal/fp.js';
import { evaluate, foldIn, key, less, mul, program } from '../index.js';

const twice = program({ x: 'B 2', key: 'key' }, ({ x, key }) => ({
  doubled: mul(x, 2),
  signs: [less(x, 0)],
  next: foldIn(key, 1),
}));

describe('evaluate', () => {
  test('returns the numbers of each result, and keys unchanged', async () => {
    const backend = right(await reference()());
    const inputs = { x: Float32Array.of(1, -2), key: key(7) };
    const actual = right(await evaluate(twice, { B: 1 })(inputs)(backend)());
    expectTypeOf(actual.doubled).toEqualTypeOf<Float32Array | Float64Array>();
    expectTypeOf(actual.signs[0]!).toEqualTypeOf<Uint8Array>();
    expect(actual).toEqual({
      doubled: Float64Array.of(2, -4),
      signs: [Uint8Array.of(0, 1)],
      next: foldIn(key(7), 1),
    });
    expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
    right(await backend.close());
  });

  test('frees all memory if the run fails', async () => {
    const backend = right(await reference()());
    const result = await evaluate(twice, { B: 1 })({ x: Float32Array.of(1), key: key(7) })(backend)();
    expect(E.isLeft(result) && result.left._tag).toBe('ShapeError');
    expect(backend.stats()).toMatchObject({ buffers: 0, bytes: 0 });
    right(await backend.close());
  });
});
