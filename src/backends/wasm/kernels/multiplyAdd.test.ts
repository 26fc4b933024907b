import { describe, expect, test } from 'vitest';
import { wasm as engine } from '../assembler/assembler.js';
import { gemm, type GemmProblem, gemmScratchElements } from './gemm.js';
import { canFuse, fused, separate } from './multiplyAdd.js';
import { arena, cannotFuse, placesOf } from './testing.js';
import { NARROW_TILES } from './tiles.js';
import { skippedFor } from '../../../../properties/skips.js';

/** 1·c + a·b with c = −1 and a = b = 1 + ε: the product needs 25 bits, one more than a float32 has. */
const problem: GemmProblem = {
  m: 1,
  n: 1,
  k: 2,
  batch: [],
  a: { batch: [], row: 2, column: 1 },
  b: { batch: [], row: 1, column: 1 },
  c: { batch: [], row: 1, column: 1 },
};
const epsilon = 2 ** -12;

const productWith = (multiplyAdd: typeof fused): number => {
  const { put, reserve, read, run } = arena();
  const c = reserve(1);
  const [a, b] = [put([1, 1 + epsilon]), put([-(1 + 2 * epsilon), 1 + epsilon])];
  run(gemm(problem, placesOf({ a, b, c, scratch: reserve(gemmScratchElements(problem)) })), {
    multiplyAdd,
    tiles: NARROW_TILES,
  });
  return read(c, 1)[0]!;
};

test('separate rounds the product', () => {
  expect(productWith(separate)).toBe(0);
});

describe('if this engine and processor fuse', skippedFor(cannotFuse), () => {
  test('fused rounds once', () => {
    expect(productWith(fused)).toBe(epsilon ** 2);
  });
});

test('an engine that rejects the instruction cannot fuse', () => {
  const { validate } = engine;
  Object.assign(engine, { validate: () => false });
  try {
    expect(canFuse()).toBe(false);
  } finally {
    Object.assign(engine, { validate });
  }
});
